/** Rows of numbers, row-major: all at hand, or brought there a block at a time. */
export interface Table<Values extends Float32Array | Float64Array = Float32Array | Float64Array> {
  readonly rows: number;
  readonly columns: number;
  readonly values: Values;
  /** Rows that are brought together: the first block begins at row 0. */
  readonly blockRows: number;
  /** Where the row's numbers begin in `values`: until a row of another block is sought. */
  seek(row: number): number;
}

/** All rows at hand. */
export const tableOf = <Values extends Float32Array | Float64Array>(values: Values, columns: number): Table<Values> => {
  const rows = values.length / columns;
  return { rows, columns, values, blockRows: Math.max(1, rows), seek: (row) => row * columns };
};

/** Some of a table's rows, by growing places, as a matrix of their own. */
export const gatherRows = <Values extends Float32Array | Float64Array>(
  table: Table<Values>,
  places: ArrayLike<number>,
): Values => {
  const { columns, values } = table;
  const picked = new (values.constructor as new (length: number) => Values)(places.length * columns);
  for (let i = 0; i < places.length; i++) {
    const start = table.seek(places[i]!);
    for (let j = 0; j < columns; j++) picked[i * columns + j] = values[start + j]!;
  }
  return picked;
};
