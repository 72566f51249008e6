/** Where values lie along an axis. Nothing here touches the document. */

import { formatNumber } from "../format.ts";

export interface Scale {
  /** From 0 at the axis' beginning to 1 at its end. */
  place: (value: number) => number;
  ticks: readonly { at: number; label: string }[];
}

/** How much larger than drawn a chart is shown at most, so that its letters are about as large as those of others. */
export const widest = 1.15;

/** About as wide as a letter is at the size of a chart's text. */
const letter = 6.6;

/** Where the middle of a text stands so that all of it is within the width, as near to `at` as that lets it. */
export const middleWithin = (text: string, at: number, width: number): number => {
  const half = Math.min(width, text.length * letter) / 2;
  return Math.min(Math.max(at, half), width - half);
};

const steps = [1, 2, 5, 10];

/** Round numbers within [low, high], about `wanted` of them. */
export const roundTicks = (low: number, high: number, wanted = 5): number[] => {
  const raw = (high - low) / wanted;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * (steps.find((each) => each * power >= raw) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
};

/** Of numbers; on a log scale the ticks are powers of ten, or round numbers where there are too few. A single value lies in the middle. */
export const numberScale = (values: readonly number[], log = false): Scale => {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (finite.length === 0 || low === high) {
    const ticks = finite.length === 0 ? [] : [{ at: 0.5, label: formatNumber(low) }];
    return { place: () => 0.5, ticks };
  }
  const to = log ? Math.log10 : (value: number): number => value;
  const place = (value: number): number => (to(value) - to(low)) / (to(high) - to(low));
  const powers = Array.from(
    { length: Math.floor(to(high) + 1e-9) - Math.ceil(to(low) - 1e-9) + 1 },
    (_, i) => 10 ** (Math.ceil(to(low) - 1e-9) + i),
  );
  const wanted = log && powers.length > 1 ? powers : log ? [low, high] : roundTicks(low, high);
  return { place, ticks: wanted.map((value) => ({ at: place(value), label: formatNumber(value) })) };
};

/** Of choices, by their index. */
export const choiceScale = (labels: readonly string[]): Scale => {
  const place = (value: number): number => (labels.length < 2 ? 0.5 : value / (labels.length - 1));
  return { place, ticks: labels.map((label, i) => ({ at: place(i), label })) };
};
