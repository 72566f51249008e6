/** Arrays of the rows that a quantile's fit goes through, in memory that its plan counts. */
export interface RowWork {
  /** Labels without ties. */
  readonly labels: Float64Array;
  readonly residuals: Float64Array;
  readonly rates: Float64Array;
  /** Rows that count, and those of a round. */
  readonly counted: Int32Array;
  readonly chosen: Int32Array;
  readonly places: Int32Array;
  readonly sides: Int8Array;
}

/** Doubles that the arrays of so many rows take. */
export const rowWorkDoubles = (rows: number): number => 3 * rows + Math.ceil((3 * rows) / 2) + Math.ceil(rows / 8);

/** @param memory of rowWorkDoubles(rows) at least, at a multiple of 8 bytes */
export const createRowWork = ({ buffer, byteOffset }: Float64Array, rows: number): RowWork => {
  const doubles = (index: number) => new Float64Array(buffer, byteOffset + 8 * index * rows, rows);
  const words = (index: number) => new Int32Array(buffer, byteOffset + 24 * rows + 4 * index * rows, rows);
  return {
    ...{ labels: doubles(0), residuals: doubles(1), rates: doubles(2) },
    ...{ counted: words(0), chosen: words(1), places: words(2) },
    sides: new Int8Array(buffer, byteOffset + 36 * rows, rows),
  };
};
