import { exp64, log64 } from "../engine/kernels/math64.ts";
import { boundsOf, type Dimension, type Point } from "./dimension.ts";

const cells = 50;
/** So that no density is 0. */
const least = 1e-12;

interface Valued {
  readonly point: Point;
  /** Falls towards the better. */
  readonly value: number;
}

/** Place of a trial on the grid of a dimension. */
const cellOf = (dimension: Dimension, value: number): number => {
  if (dimension.type === "choice") return value;
  const { low, high } = boundsOf(dimension);
  if (low === high) return 0;
  const place = ((dimension.log ? log64(value) : value) - low) / (high - low);
  return Math.min(cells - 1, Math.max(0, Math.floor(place * cells)));
};

/** A density over the cells: counts of choices with one for each, normal kernels of Scott's width (1.06 · σ · n^(−1/5)) over ranges. */
const densityOf = (dimension: Dimension, places: readonly number[]): number[] => {
  const width = dimension.type === "choice" ? dimension.count : cells;
  if (dimension.type === "choice") {
    const counts = new Array<number>(width).fill(1);
    for (const place of places) counts[place]! += 1;
    return counts.map((count) => count / (places.length + width));
  }
  const center = places.reduce((sum, place) => sum + place, 0) / places.length;
  const spread = Math.sqrt(
    places.reduce((sum, place) => sum + (place - center) * (place - center), 0) / Math.max(1, places.length - 1),
  );
  const bandwidth = Math.max(1, 1.06 * spread * exp64(-log64(places.length) / 5));
  const density = new Array<number>(width).fill(least);
  for (const place of places)
    for (let cell = 0; cell < width; cell++) {
      const z = (cell - place) / bandwidth;
      density[cell]! += exp64(-0.5 * z * z);
    }
  const sum = density.reduce((total, value) => total + value, 0);
  return density.map((value) => value / sum);
};

/**
 * PED-ANOVA (Watanabe, Bansal & Hutter 2023): how much the best tenth of the trials differ from all trials in one dimension, as Pearson's divergence of their
 * densities; as shares of the sum. Of a parameter inside a choice among the trials that made the choice. Null with the reason: fewer than `fewest` trials have it,
 * or none differs from the others.
 */
export const importancesOf = (
  dimensions: readonly Dimension[],
  trials: readonly Valued[],
  fewest = 10,
): { name: string; importance: number | null; reason: string | null }[] => {
  const sorted = trials.toSorted((a, b) => a.value - b.value);
  const having = dimensions.map(({ name }) => sorted.filter(({ point }) => Object.hasOwn(point, name)));
  const divergences = dimensions.map((dimension, i) => {
    const has = having[i]!;
    if (has.length < fewest) return null;
    const places = has.map(({ point }) => cellOf(dimension, point[dimension.name]!));
    const top = densityOf(dimension, places.slice(0, Math.max(2, Math.ceil(has.length / 10))));
    const all = densityOf(dimension, places);
    return all.reduce((sum, density, cell) => {
      const ratio = top[cell]! / density - 1;
      return sum + density * ratio * ratio;
    }, 0);
  });
  const total = divergences.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return dimensions.map(({ name }, i) => {
    const divergence = divergences[i] ?? null;
    const count = having[i]!.length;
    if (divergence === null) {
      const reason = `${count} ${count === 1 ? "trial that succeeded has" : "trials that succeeded have"} it; it takes ${fewest} to tell`;
      return { name, importance: null, reason };
    }
    if (total === 0) return { name, importance: null, reason: "the best trials differ from all in no parameter" };
    return { name, importance: divergence / total, reason: null };
  });
};
