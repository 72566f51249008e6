/** How many there are of something, in words: `1 entry`, `2 entries`. */
export const counted = (count: number | bigint, one: string, several = `${one}s`): string =>
  `${count} ${Number(count) === 1 ? one : several}`;
