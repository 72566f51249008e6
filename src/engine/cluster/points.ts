import type { ClusteringKernels } from "../kernels/clustering/clustering-kernels.ts";
import { createRandomStream, type RandomKey } from "../kernels/philox.ts";
import type { Table } from "../tensor/table.ts";

/** Rows of standardised features. All arithmetic on them is f64, in the order of the rows. */
export type Points = Table<Float32Array>;

/** Rows that are brought together: `x` begins with the numbers of row `first`. */
export interface Block {
  readonly x: Float32Array;
  readonly first: number;
  readonly rows: number;
}

/** All rows, block by block, of so many rows at most; one is at hand until the next is asked for. */
export function* blocksOf(points: Points, mostRows = points.blockRows): Generator<Block> {
  const { rows, blockRows, values } = points;
  for (let brought = 0; brought < rows; brought += blockRows) {
    const end = Math.min(rows, brought + blockRows);
    for (let first = brought; first < end; first += mostRows)
      yield { x: values.subarray(points.seek(first)), first, rows: Math.min(mostRows, end - first) };
  }
}

/** By what rows are computed, and the working space that this wants: `scratchDoubles` numbers. */
export interface RowWork {
  readonly kernels: ClusteringKernels;
  readonly scratch: Float64Array;
}

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
