/**
 * The names of an output's columns, each once, in the order in which they first stand, with the columns that bear it: ImageNet has two cranes, one that flies
 * and one that lifts. What a network says of a name is the sum over its columns.
 */
export const columnsByName = (names: readonly string[]): Map<string, number[]> => {
  const columns = new Map<string, number[]>();
  for (const [column, name] of names.entries()) {
    const known = columns.get(name);
    if (known === undefined) columns.set(name, [column]);
    else known.push(column);
  }
  return columns;
};
