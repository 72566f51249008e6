/**
 * Sums of products to twice the precision of a double, by the error-free transformations of Knuth (1969) and Dekker (1971): only + − ×, so the bits are the
 * same everywhere.
 */
export interface Accumulator {
  high: number;
  low: number;
}

const splitter = 134217729;

/** sum + x·y */
export const addProduct = (sum: Accumulator, x: number, y: number): void => {
  const product = x * y;
  const bigX = splitter * x;
  const bigY = splitter * y;
  const highX = bigX - (bigX - x);
  const highY = bigY - (bigY - y);
  const [lowX, lowY] = [x - highX, y - highY];
  const error = lowX * lowY - (product - highX * highY - lowX * highY - highX * lowY);
  const total = sum.high + product;
  const back = total - sum.high;
  sum.low += sum.high - (total - back) + (product - back) + error;
  sum.high = total;
};

export const sumOf = ({ high, low }: Accumulator): number => high + low;
