/** Values to places, and values to be marked. */
export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

const steps = [1, 2, 5, 10];

/** About so many round numbers between two others: those that the page marks, which can have no code of the service. */
const roundNumbers = (low: number, high: number, count: number): number[] => {
  const raw = (high - low) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = size * (steps.find((each) => each * size >= raw) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
};

/** From the least to the largest of the values, on the places from `from` to `to`. */
export const createAxis = (values: readonly number[], from: number, to: number, count = 5): Axis => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low < high)) {
    const middle = Number.isFinite(low) ? low : 0;
    [low, high] = [middle - 1, middle + 1];
  }
  const at = (value: number): number => Number((from + ((value - low) / (high - low)) * (to - from)).toFixed(1));
  return { at, ticks: roundNumbers(low, high, count) };
};
