/** 32-bit words beside a row's inputs: a check; and where rows stand in the order of an epoch, the row's position in it. */
const besideStored = 1;
const besideSorted = 2;

export const storedWords = (inputs: number): number => inputs + besideStored;
export const sortedWords = (inputs: number): number => inputs + besideSorted;

interface RowCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Of all splits, one after another, and of the training rows once more. */
export const spillBytes = ({ train, validation, test }: RowCounts, inputs: number): number =>
  4 * ((train + validation + test) * storedWords(inputs) + train * sortedWords(inputs));

/** Where each part of the file begins, in bytes. */
export const spillStarts = ({ train, validation, test }: RowCounts, inputs: number) => {
  const rowBytes = 4 * storedWords(inputs);
  const [second, third] = [train * rowBytes, (train + validation) * rowBytes];
  return { train: 0, validation: second, test: third, sorted: third + test * rowBytes };
};

/** FNV-1a over a row's words, begun with its place in the split: no single word that is another leaves it the same, nor does another row. */
export const checkOf = (words: Int32Array, from: number, count: number, row: number): number => {
  let check = Math.imul(0x811c9dc5 ^ row, 0x01000193);
  for (let at = from; at < from + count; at++) check = Math.imul(check ^ words[at]!, 0x01000193);
  return check;
};
