import { blockRows, type Design, type Pulse, writeRow } from "../design.ts";
import { invertSquare } from "./invert-square.ts";

/** As many rows as there are columns, through which the fitted plane goes, and the inverse of their matrix. */
export interface Basis {
  readonly rows: Int32Array;
  /** size × size, row-major: column h is the direction that leaves all of the rows but the h-th where they are. */
  inverse: Float64Array;
}

const rowOf = (design: Design, row: number): Float64Array => {
  const x = new Float64Array(design.columns.length);
  writeRow(design, row, 1, x, 0);
  return x;
};

/** Computed anew, so that rounding does not add up. */
export const refreshBasis = (design: Design, basis: Basis): void => {
  const size = design.columns.length;
  const matrix = new Float64Array(size * size);
  for (const [h, row] of basis.rows.entries()) writeRow(design, row, 1, matrix, h * size);
  basis.inverse = invertSquare(matrix, size);
};

/** Puts a row in the place of the h-th; z is that row times the inverse (Sherman & Morrison 1950). */
export const exchange = (basis: Basis, h: number, row: number, z: Float64Array): void => {
  const { inverse } = basis;
  const size = z.length;
  const pivot = z[h]!;
  for (let i = 0; i < size; i++) {
    const own = inverse[i * size + h]! / pivot;
    if (own === 0) continue;
    for (let k = 0; k < size; k++) if (k !== h) inverse[i * size + k]! -= own * z[k]!;
    inverse[i * size + h] = own;
  }
  basis.rows[h] = row;
};

/** x times the inverse. */
export const coordinatesOf = ({ inverse }: Basis, x: Float64Array): Float64Array => {
  const size = x.length;
  const z = new Float64Array(size);
  for (let i = 0; i < size; i++) if (x[i] !== 0) for (let k = 0; k < size; k++) z[k]! += x[i]! * inverse[i * size + k]!;
  return z;
};

/** What of a row the ones before it leave must be so large a share of it; where too few rows have that, less will do. */
const shares = [0.3, 1e-2, 1e-5, 1e-9];

/** Rows that are independent of each other, the first such in the file's order; null where there are not enough. */
export const firstBasis = (design: Design, counts: (row: number) => boolean, pulse: Pulse): Basis | null => {
  const size = design.columns.length;
  const found: number[] = [];
  const directions: Float64Array[] = [];
  for (const share of shares) {
    for (let row = 0; row < design.rows && found.length < size; row++) {
      if (row % blockRows === 0) pulse();
      if (!counts(row) || found.includes(row)) continue;
      const x = rowOf(design, row);
      const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
      // Twice, so that what is left is at right angles to the last bits.
      for (let round = 0; round < 2; round++)
        for (const direction of directions) {
          let dot = 0;
          for (let i = 0; i < size; i++) dot += x[i]! * direction[i]!;
          for (let i = 0; i < size; i++) x[i]! -= dot * direction[i]!;
        }
      const left = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
      if (!(left > share * length)) continue;
      directions.push(x.map((value) => value / left));
      found.push(row);
    }
    if (found.length === size) break;
  }
  if (found.length < size) return null;
  const basis: Basis = { rows: Int32Array.from(found), inverse: new Float64Array(0) };
  refreshBasis(design, basis);
  return basis;
};

export { rowOf as basisRow };
