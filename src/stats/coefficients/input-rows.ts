/** Inputs of rows that are not all at hand: whoever keeps them brings some. */
export interface PagedRows {
  /** The inputs of the row and of those behind it, row-major, as many as are brought at once. */
  readonly from: (row: number) => ArrayLike<number>;
}

/** Inputs of rows, row-major. */
export type InputRows = ArrayLike<number> | PagedRows | Readonly<RowReader>;

const isWhole = (features: InputRows): features is ArrayLike<number> => !("from" in features || "seek" in features);

/** Reads rows one after another: `values` are the numbers in which the row that was sought last lies. */
export interface RowReader {
  values: ArrayLike<number>;
  /** Where the row's inputs begin in `values`. */
  seek(row: number): number;
}

export const readRows = (features: InputRows, inputs: number): Readonly<RowReader> => {
  if ("seek" in features) return features;
  if (!("from" in features)) return { values: features, seek: (row) => row * inputs };
  let [first, end] = [0, 0];
  const reader: RowReader = {
    values: [],
    seek: (row) => {
      if (row < first || row >= end) {
        reader.values = features.from(row);
        [first, end] = [row, row + reader.values.length / inputs];
      }
      return (row - first) * inputs;
    },
  };
  return reader;
};

/** Writes some inputs of a row to `out`, of the intercept, −1, a one. */
export const writeColumns = (
  reader: Readonly<RowReader>,
  row: number,
  columns: ArrayLike<number>,
  out: Float64Array,
): void => {
  const start = reader.seek(row);
  const { values } = reader;
  for (let j = 0; j < columns.length; j++) out[j] = columns[j]! < 0 ? 1 : values[start + columns[j]!]!;
};

export const inputAt = (reader: Readonly<RowReader>, row: number, input: number): number => {
  const start = reader.seek(row);
  return reader.values[start + input]!;
};

/** Whether an input is 0 in all of the rows. */
export const isZeroColumn = (features: InputRows, inputs: number, rows: number): ((input: number) => boolean) => {
  if (isWhole(features))
    return (input) => {
      for (let row = 0; row < rows; row++) if (features[row * inputs + input] !== 0) return false;
      return true;
    };
  // One pass for all inputs.
  let seen: Uint8Array | null = null;
  const look = (): Uint8Array => {
    const found = new Uint8Array(inputs);
    const reader = readRows(features, inputs);
    for (let row = 0; row < rows; row++) {
      const start = reader.seek(row);
      for (let i = 0; i < inputs; i++) if (reader.values[start + i] !== 0) found[i] = 1;
    }
    return found;
  };
  return (input) => {
    seen ??= look();
    return seen[input] === 0;
  };
};
