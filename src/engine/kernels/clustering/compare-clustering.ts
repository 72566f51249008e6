import { createRandomStream, seedWords } from "../philox.ts";
import { type ClusteringKernelName, type ClusteringKernels, scratchDoubles } from "./clustering-kernels.ts";
import { clusteringLoops } from "./load-clustering-kernels.ts";

type Values = Float32Array | Float64Array | Int32Array;
type Argument = Values | number | null;

/** Numbers that show another order, another rounding, or a processor that takes denormals for 0. */
const odd = [0, -0, 5e-324, -3e-310, 1.2e-38, -1e200, 1e300, Infinity, -Infinity, NaN, 1, -1, 709.8, -745.2, -708.5];
/** Elements before and behind an array that nothing may write. */
const margin = 3;

/** Random sizes and arrays, a share of whose elements are odd numbers. Arrays begin anywhere in their buffer. */
const createArrays = (seed: number, share: number) => {
  const random = createRandomStream({ ...seedWords(seed), purpose: 8, index: 0 });
  const within = <T extends Values>(make: new (length: number) => T, count: number, next: () => number): T => {
    const whole = new make(count + 2 * margin);
    for (let i = 0; i < whole.length; i++) whole[i] = next();
    return whole.subarray(margin, margin + count) as T;
  };
  const numbers = (low: number, high: number) => () =>
    random.uniform() < share ? odd[random.below(odd.length)]! : low + (high - low) * random.uniform();
  return {
    /** A whole number from low to high, both included. */
    size: (low: number, high: number): number => low + random.below(high - low + 1),
    singles: (count: number, low = -2, high = 2) => within(Float32Array, count, numbers(low, high)),
    doubles: (count: number, low = -2, high = 2) => within(Float64Array, count, numbers(low, high)),
    /** Responsibilities: many are 0. */
    weights: (count: number) => within(Float64Array, count, () => (random.below(3) === 0 ? 0 : numbers(0, 1)())),
    integers: (count: number, below: number) => within(Int32Array, count, () => random.below(below)),
  };
};

type Arrays = ReturnType<typeof createArrays>;
interface Sizes {
  readonly rows: number;
  readonly k: number;
  readonly d: number;
  readonly scratch: Float64Array;
}

/** The arguments of each kernel but for the range. */
const cases: { readonly [K in ClusteringKernelName]: (r: Arrays, sizes: Sizes) => Argument[] } = {
  nearestCentres: (r, { rows, k, d, scratch }) => [
    ...[r.singles(rows * d), r.doubles(k * d), r.integers(rows, k), r.doubles(rows), r.doubles(1), scratch, k, d],
  ],
  nearerCentre: (r, { rows, d, scratch }) => [r.singles(rows * d), r.doubles(d), r.doubles(rows, 0, 2 * d), scratch, d],
  addPotentials: (r, { rows, k, d, scratch }) => [
    ...[r.singles(rows * d), r.doubles(k * d), r.doubles(rows, 0, 2 * d), r.doubles(k), scratch, k, d],
  ],
  addRows: (r, { rows, k, d }) => [
    ...[r.singles(rows * d), r.integers(rows, k), r.doubles(k * d), r.integers(k, 9), d],
  ],
  centreDistances: (r, { rows, k, d, scratch }) => [
    ...[r.singles(rows * d), r.doubles(k * d), r.doubles(rows * k), scratch, k, d],
  ],
  rowDistances: (r, { rows, d, scratch }) => [r.singles(rows * d), r.doubles((rows * (rows - 1)) / 2), scratch, d],
  triangularDensities: (r, { rows, k, d, scratch }) => {
    const apart = r.size(0, 1) * d * d;
    const factors = r.doubles(k * d * d, -0.5, 0.5);
    return [
      ...[r.singles(rows * d), r.doubles(k * d), factors, r.doubles(k), r.doubles(rows * k)],
      ...[scratch, k, d, apart],
    ];
  },
  diagonalDensities: (r, { rows, k, d, scratch }) => [
    ...[r.singles(rows * d), r.doubles(k * d), r.doubles(k * d, 0, 3), r.doubles(k), r.doubles(rows * k)],
    ...[scratch, k, d],
  ],
  sphericalDensities: (r, { rows, k, d, scratch }) => [
    ...[r.singles(rows * d), r.doubles(k * d), r.doubles(k, 0, 3), r.doubles(k), r.doubles(rows * k), scratch, k, d],
  ],
  responsibilities: (r, { rows, k, scratch }) => {
    // From likely rows to those that no component explains.
    const low = [-3, -60, -1500][r.size(0, 2)]!;
    const logDensities = r.size(0, 1) === 0 ? null : r.doubles(rows);
    return [r.doubles(rows * k, low, 3), r.doubles(k, -4, 0), logDensities, r.doubles(1), scratch, k];
  },
  addWeightedRows: (r, { rows, k, d }) => [
    ...[r.singles(rows * d), r.weights(rows * k), r.doubles(k, 0, 1), r.doubles(k * d), k, d],
  ],
  addWeightedSquares: (r, { rows, k, d }) => [
    ...[r.singles(rows * d), r.weights(rows * k), r.doubles(k * d), r.doubles(k * d), k, d],
  ],
  addScatter: (r, { rows, k, d, scratch }) => [
    ...[r.singles(rows * d), r.weights(rows * k), r.doubles(d), r.doubles(d * d), scratch, k, r.size(0, k - 1), d],
  ],
};

const isArray = (argument: Argument): argument is Values => typeof argument === "object" && argument !== null;

/** All of the array's buffer, with what stands before and behind it. */
const wholeOf = (values: Values): Values =>
  new (values.constructor as new (buffer: ArrayBufferLike) => Values)(values.buffer);

const copyOf = (argument: Argument): Argument => {
  if (!isArray(argument)) return argument;
  return wholeOf(argument)
    .slice()
    .subarray(margin, margin + argument.length);
};

/** Runs a kernel in both ways on one random case; says how they differ, in any array but the scratch, or null. All NaNs are one. */
const compareOnce = (
  name: ClusteringKernelName,
  kernels: ClusteringKernels,
  seed: number,
  share: number,
): string | null => {
  const r = createArrays(seed, share);
  const [rows, k, d] = [r.size(1, 150), r.size(1, r.size(0, 3) === 0 ? 19 : 5), r.size(1, r.size(0, 2) === 0 ? 71 : 9)];
  const scratch = new Float64Array(scratchDoubles(k, d));
  const given = cases[name](r, { rows, k, d, scratch });
  const start = r.size(0, 2) === 0 ? r.size(0, rows) : 0;
  const end = r.size(0, 2) === 0 ? r.size(start, rows) : rows;
  const run = (by: ClusteringKernels): Argument[] => {
    const args = given.map((argument) => (argument === scratch ? argument : copyOf(argument)));
    (by[name] as (...all: Argument[]) => void)(...args, start, end);
    return args;
  };
  const [expected, computed] = [run(clusteringLoops), run(kernels)];
  for (const [place, argument] of expected.entries()) {
    if (!isArray(argument) || argument === scratch) continue;
    const [truth, found] = [wholeOf(argument), wholeOf(computed[place] as Values)];
    for (let i = 0; i < truth.length; i++)
      if (!Object.is(truth[i], found[i]))
        return `argument ${place}, element ${i - margin} of ${argument.length} is ${found[i]} and not ${truth[i]}`;
  }
  return null;
};

const shares = [0, 0.01, 0.3] as const;

/** Compares a clustering kernel with the one in JavaScript on cases of this seed; null where all bits are equal. */
export const compareClusteringKernel = (
  name: ClusteringKernelName,
  kernels: ClusteringKernels,
  seed: number,
): string | null => {
  for (const share of shares) {
    const difference = compareOnce(name, kernels, seed, share);
    if (difference !== null) return `${name}, seed ${seed}: ${difference}`;
  }
  return null;
};
