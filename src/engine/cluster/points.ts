import { createRandomStream, type RandomKey } from "../kernels/philox.ts";
import type { Table } from "../tensor/table.ts";

/** Rows of standardised features. All arithmetic on them is f64, in the order of the rows. */
export type Points = Table<Float32Array>;

/** Σⱼ (x[row, j] − centre[c, j])² */
export const squaredDistance = (points: Points, row: number, centres: Float64Array, c: number): number => {
  const { values, columns } = points;
  const [x, y] = [points.seek(row), c * columns];
  let sum = 0;
  for (let j = 0; j < columns; j++) {
    const difference = values[x + j]! - centres[y + j]!;
    sum += difference * difference;
  }
  return sum;
};

/** A stream of numbers in [0, 1), multiples of 2⁻⁵³, and of whole numbers below a bound. */
export const createDraws = (key: RandomKey) => {
  const stream = createRandomStream(key);
  const uniform = (): number => {
    const high = stream.uint32() >>> 5;
    const low = stream.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  };
  return { uniform, below: stream.below };
};

export type Draws = ReturnType<typeof createDraws>;
