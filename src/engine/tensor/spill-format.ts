/** 32-bit words beside a row's inputs: a check; and where rows stand in the order of an epoch, the row's position in it. */
const besideStored = 1;
const besideSorted = 2;

export const storedWords = (inputs: number): number => inputs + besideStored;
export const sortedWords = (inputs: number): number => inputs + besideSorted;

export interface RowCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Of all splits, one after another, and of the training rows once more. */
export const spillBytes = ({ train, validation, test }: RowCounts, inputs: number): number =>
  4 * ((train + validation + test) * storedWords(inputs) + train * sortedWords(inputs));

/** Where each part of the file begins, in bytes; `sorted` is its end, where it is only read in its own order. */
export const spillStarts = ({ train, validation, test }: RowCounts, rowWords: number) => {
  const rowBytes = 4 * rowWords;
  const [second, third] = [train * rowBytes, (train + validation) * rowBytes];
  return { train: 0, validation: second, test: third, sorted: third + test * rowBytes };
};

/** A file of tables that are read from their beginning to their end, again and again: numbers and a check a row, split by split. */
export interface TableSpill {
  readonly rows: RowCounts;
  readonly columns: number;
  /** Else 32 bits. */
  readonly float64: boolean;
  readonly bytes: number;
}

/** 32-bit words of a row: the check is the last, and before it stands one for nothing where numbers have 64 bits. */
export const tableWords = ({ columns, float64 }: Pick<TableSpill, "columns" | "float64">): number =>
  float64 ? 2 * columns + 2 : storedWords(columns);

interface TableShape {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly testRows: number;
  readonly inputs: number;
}

export const tableSpill = (shape: TableShape, float64: boolean): TableSpill => {
  const rows = { train: shape.trainRows, validation: shape.validationRows, test: shape.testRows };
  const format = { columns: shape.inputs, float64 };
  return { ...format, rows, bytes: spillStarts(rows, tableWords(format)).sorted };
};

/** The plan with all rows in the memory; where they do not fit into `memoryBytes`, and may be kept in a file, the one without them, if it takes less. */
export const heldOrSpilled = <Planned extends { readonly memoryBytes: number }>(
  planned: (spill: TableSpill | null) => Planned,
  shape: TableShape & { readonly spills?: boolean },
  { memoryBytes, float64 }: { readonly memoryBytes: number; readonly float64: boolean },
): Planned => {
  const held = planned(null);
  if (held.memoryBytes <= memoryBytes || shape.spills !== true) return held;
  const spilled = planned(tableSpill(shape, float64));
  return spilled.memoryBytes < held.memoryBytes ? spilled : held;
};

/** FNV-1a over a row's words, begun with its place in the split: no single word that is another leaves it the same, nor does another row. */
export const checkOf = (words: Int32Array, from: number, count: number, row: number): number => {
  let check = Math.imul(0x811c9dc5 ^ row, 0x01000193);
  for (let at = from; at < from + count; at++) check = Math.imul(check ^ words[at]!, 0x01000193);
  return check;
};
