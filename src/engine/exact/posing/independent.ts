import { abreast, addProducts, choleskyInPlace } from "../cholesky.ts";
import { blockRows, type Design, type Pulse, writeRow } from "../design.ts";

/** The least share of a column's length that those before it do not explain, to be sure of in sums of squares: of 10⁻¹⁶ in these nothing is left to doubt. */
const surelyLeft = 1e-3;

/** Whether all columns are far from depending on each other. False: sums of squares are too coarse to tell, and QR must. */
export const areClearlyIndependent = (design: Design, weights: Float64Array | null, pulse: Pulse): boolean => {
  const width = design.columns.length;
  const gram = new Float64Array(width * width);
  const x = new Float64Array(abreast * width);
  const scales = new Float64Array(abreast);
  for (let row = 0; row < design.rows; row += abreast) {
    for (let i = 0; i < abreast; i++) {
      const isRow = row + i < design.rows;
      if (isRow) writeRow(design, row + i, 1, x, i * width);
      scales[i] = isRow ? (weights?.[row + i] ?? 1) : 0;
    }
    addProducts(gram, x, scales, { start: 0, size: width, lower: true });
    if (row % blockRows === 0) pulse();
  }
  const { lower, left } = choleskyInPlace(gram, width, pulse);
  return left.every((isLeft, j) => isLeft === 0 && lower[j * width + j]! > surelyLeft);
};
