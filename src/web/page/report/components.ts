/** Rows as points: standardised as the model sees them, on the two directions in which they spread most. Nothing here touches the document. */

import type { Row } from "../../../domain/datasets/dataset.ts";
import type { FeatureTransform } from "../../../domain/models/model.ts";
import { toNumber } from "../datasets/column-statistics.ts";

/** Linear between the points (at, value), `at` growing, and constant beyond them. */
const between = (at: readonly number[], value: readonly number[], x: number): number => {
  const above = at.findIndex((each) => each > x);
  if (above <= 0) return value.at(above === 0 ? 0 : -1)!;
  const share = (x - at[above - 1]!) / (at[above]! - at[above - 1]!);
  return value[above - 1]! + share * (value[above]! - value[above - 1]!);
};

/** What a number becomes to the model: its logarithm, its normal score, (x − mean)/scale, smoothly clipped, each where the feature has it. */
const onScale = (x: number, feature: Extract<FeatureTransform, { type: "number" | "datetime" }>): number => {
  const { logShift, quantiles, smoothClip } = feature.type === "number" ? feature : {};
  const logarithm = logShift === undefined ? x : Math.log(x + logShift);
  const score = quantiles === undefined ? logarithm : between(quantiles.values, quantiles.scores, logarithm);
  const y = (score - feature.mean) / feature.scale;
  return smoothClip === undefined ? y : y / Math.sqrt(1 + (y / smoothClip) ** 2);
};

/** Numbers and dates on their scale, 0 where missing; one number for each category. Texts and pictures are left out. */
const encode = (row: Row, features: readonly FeatureTransform[]): number[] =>
  features.flatMap((feature) => {
    const cell = row[feature.column];
    if (feature.type === "number" || feature.type === "datetime") {
      const value = toNumber(cell, feature.type);
      return [value === null ? 0 : onScale(value, feature)];
    }
    return feature.type === "category" ? feature.categories.map((name) => (String(cell) === name ? 1 : 0)) : [];
  });

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const rounds = 200;

/** The direction v in which points spread most, by the power method: v ← Σ x(x·v), of length 1. Null where they do not spread. */
const direction = (points: readonly (readonly number[])[]): number[] | null => {
  const size = points[0]?.length ?? 0;
  let v = Array.from({ length: size }, (_, i) => 1 + i / (size + 1));
  for (let round = 0; round < rounds; round++) {
    const next = new Array<number>(size).fill(0);
    for (const point of points) {
      const along = dot(point, v);
      for (let i = 0; i < size; i++) next[i] = next[i]! + along * point[i]!;
    }
    const length = Math.sqrt(dot(next, next));
    if (!(length > 1e-12)) return null;
    v = next.map((value) => value / length);
  }
  return v;
};

export interface Components {
  points: [number, number][];
  /** Of the whole variance, what each of the two shows. */
  shares: [number, number];
}

/** Principal components (Pearson 1901); null where rows do not spread in two directions. */
export const toComponents = (rows: readonly Row[], features: readonly FeatureTransform[]): Components | null => {
  const encoded = rows.map((row) => encode(row, features));
  const size = encoded[0]?.length ?? 0;
  if (size < 2 || encoded.length < 3) return null;
  const means = Array.from({ length: size }, (_, i) => encoded.reduce((sum, row) => sum + row[i]!, 0) / encoded.length);
  const centred = encoded.map((row) => row.map((value, i) => value - means[i]!));
  const total = centred.reduce((sum, row) => sum + dot(row, row), 0);
  const first = direction(centred);
  if (first === null) return null;
  const rest = centred.map((row) => {
    const along = dot(row, first);
    return row.map((value, i) => value - along * first[i]!);
  });
  const second = direction(rest);
  if (second === null) return null;
  const points = centred.map((row): [number, number] => [dot(row, first), dot(row, second)]);
  const share = (place: 0 | 1): number => points.reduce((sum, point) => sum + point[place] ** 2, 0) / total;
  return { points, shares: [share(0), share(1)] };
};
