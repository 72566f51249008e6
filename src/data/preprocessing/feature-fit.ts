import type { FeatureTransform } from "../../domain/models/model.ts";
import type { NumberRange } from "../../domain/models/parts/number-transform.ts";
import { log64 } from "../../engine/kernels/math64.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { addValue, type RunningMoments } from "../columns/running-moments.ts";
import type { ValueSample } from "./encoders/value-sample.ts";

/** Of one column, or of the pixels of an image together. */
export interface NumberStatistics {
  /** Of the numbers, or of their logarithms. */
  moments: RunningMoments;
  range: NumberRange;
  /** What is added to a number before its logarithm is taken; null: none is. */
  logShift: number | null;
  /** Of the numbers, or of their logarithms, where the scaling goes by quantiles. */
  sample: ValueSample | null;
}

export const addNumber = ({ moments, range, logShift, sample }: NumberStatistics, value: number): void => {
  const scaled = logShift === null ? value : log64(value + logShift);
  addValue(moments, scaled);
  sample?.add(scaled);
  if (value < range.minimum) range.minimum = value;
  if (value > range.maximum) range.maximum = value;
};

/** What a feature takes from the column at this place in the file: a number, or days, with statistics of the finite ones; or a text. Plain values, because there is one for each cell of the file. */
export type FeatureCell =
  | { readonly type: "number" | "days"; readonly index: number; readonly statistics: NumberStatistics }
  | { readonly type: "text"; readonly index: number };

/** Gathers a feature's statistics over the training rows, then says how to transform it. */
export interface FeatureFit {
  add(record: CsvRecord): void;
  finish(): FeatureTransform;
  /** Left out: more than one cell's value is needed to encode it. */
  readonly cell?: FeatureCell;
}
