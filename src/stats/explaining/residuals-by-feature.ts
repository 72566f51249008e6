import type { Preprocessing } from "../../domain/models/model.ts";
import type { ResidualsByFeature } from "../../domain/models/parts/residuals-by-feature.ts";
import { upperTailF } from "../coefficients/tail-probability.ts";
import { estimateMean, mean, sampleVariance } from "../estimate.ts";
import { doublesOf, gather, orderOf, rowsWhere } from "../order-of.ts";
import { meanOf, type Sampling, samplingOf } from "../sampling.ts";
import { columnInputs } from "./correlated-columns.ts";
import { type Column, cellOf, type UnitsOf } from "./dependence-grid.ts";

type FeatureResiduals = ResidualsByFeature["columns"][number];
type Bin = FeatureResiduals["bins"][number];

/** Bins of numbers, levels of categories, and columns that are told of, at most; and rows that a bin has at least. */
const [mostBins, mostLevels, mostColumns, fewestRows] = [5, 10, 20, 5];

/** Some rows as the model takes them, and what it errs by. */
export interface ResidualRows {
  readonly preprocessing: Preprocessing;
  /** rows × inputs, row-major; each row's begin at `rows[i]` rows. */
  readonly features: ArrayLike<number>;
  readonly rows: ArrayLike<number>;
  /** prediction − truth of each. */
  readonly residuals: Float64Array;
  readonly sampling: Sampling | null;
  /** From inputs to the data. */
  readonly unitsOf: UnitsOf;
}

/** Welch's test (1951, Biometrika 38) that groups of different variances have one mean: P(F > f). Null where a group does not vary. */
export const welchTest = (groups: readonly Float64Array[]): number | null => {
  const [k, variances] = [groups.length, groups.map(sampleVariance)];
  if (k < 2 || variances.some((variance) => !(variance > 0))) return null;
  const [means, precisions] = [groups.map(mean), groups.map(({ length }, i) => length / variances[i]!)];
  const total = precisions.reduce((sum, precision) => sum + precision, 0);
  const center = means.reduce((sum, own, i) => sum + own * (precisions[i]! / total), 0);
  const between = means.reduce((sum, own, i) => sum + precisions[i]! * (own - center) ** 2, 0) / (k - 1);
  const lambda = groups.reduce((sum, { length }, i) => sum + (1 - precisions[i]! / total) ** 2 / (length - 1), 0);
  const f = between / (1 + ((2 * (k - 2)) / (k ** 2 - 1)) * lambda);
  return upperTailF(f, k - 1, (k ** 2 - 1) / (3 * lambda));
};

/** Rows by growing value in parts of about equally many, no value in two of them. */
const partsOf = (values: Float64Array): Int32Array[] => {
  const order = orderOf(values);
  const wanted = Math.min(mostBins, Math.floor(order.length / fewestRows));
  const parts: Int32Array[] = [];
  for (let from = 0, part = 1; part <= wanted; part++) {
    let to = Math.max(from, Math.floor((part * order.length) / wanted));
    while (to > from && to < order.length && values[order[to]!] === values[order[to - 1]!]) to += 1;
    if (to > from) parts.push(order.subarray(from, to));
    from = to;
  }
  return parts;
};

/** Places in `rows` by what the column is there, missing ones last. */
const binsOf = (column: Column, { preprocessing, features, rows, unitsOf }: ResidualRows): ArrayLike<number>[] => {
  const { inputs } = preprocessing;
  const { first, width } = column.inputs;
  const at = (i: number, k: number): number => features[rows[i]! * inputs + first + k]!;
  // A level's input is 1 or 0 from which a shift may have been taken.
  const halves = Array.from({ length: width }, (_, k) => 0.5 - unitsOf(first + k, 0));
  const isSet = (i: number, k: number): boolean => at(i, k) > halves[k]!;
  const { feature } = column;
  const hasIndicator = feature.type !== "image" && feature.missingIndicator;
  const isMissing = (i: number): boolean => hasIndicator && isSet(i, width - 1);
  const known = rowsWhere(rows.length, (i) => !isMissing(i));
  const missing = rowsWhere(rows.length, isMissing);
  const isBin = ({ length }: ArrayLike<number>): boolean => length >= fewestRows;
  if (feature.type === "category") {
    const { categories, reference } = feature;
    // A reference level has no input that is set.
    const unset = reference === undefined ? -1 : categories.indexOf(reference);
    const levels = categories.map((): number[] => []);
    for (const i of known) {
      let level = 0;
      while (level < categories.length && !isSet(i, level)) level += 1;
      levels[level < categories.length ? level : unset]?.push(i);
    }
    const often = new Set(levels.toSorted((a, b) => b.length - a.length).slice(0, mostLevels));
    return [...levels.filter((own) => often.has(own)), missing].filter(isBin);
  }
  const parts = partsOf(doublesOf(known, (i) => at(i, 0))).map((part) => part.map((place) => known[place]!));
  return [...parts, missing].filter(isBin);
};

/** @param errors of the bin's rows, which stand at `own` */
const describeBin = (column: Column, own: ArrayLike<number>, errors: Float64Array, asked: ResidualRows): Bin => {
  const { preprocessing, features, rows, sampling, unitsOf } = asked;
  const cell = (i: number) => cellOf(column, features, rows[i]! * preprocessing.inputs, unitsOf);
  const sampled = sampling && samplingOf(sampling, own);
  return {
    ...{ from: cell(own[0]!), to: cell(own[own.length - 1]!), rows: own.length },
    mean: estimateMean(errors, { eitherSide: true }, sampled),
    rootMeanSquare: Math.sqrt(
      meanOf(
        errors.map((error) => error * error),
        sampled?.weights,
      ),
    ),
  };
};

/** η²: the share of the squares about the mean of all binned rows that lies between the bins. */
const shareBetween = (groups: readonly Float64Array[]): number => {
  const all = groups.reduce((sum, { length }) => sum + length, 0);
  const center = groups.reduce((sum, own) => sum + mean(own) * (own.length / all), 0);
  let [between, total] = [0, 0];
  for (const own of groups) {
    between += own.length * (mean(own) - center) ** 2;
    for (let i = 0; i < own.length; i++) total += (own[i]! - center) * (own[i]! - center);
  }
  return total > 0 ? between / total : 0;
};

/** Whether the errors depend on a feature; those of texts and images have no bins, nor have those that are the same in all rows. */
export const residualsByFeature = (asked: ResidualRows): ResidualsByFeature | null => {
  const { preprocessing, rows, residuals, sampling } = asked;
  const places = columnInputs(preprocessing);
  const columns = preprocessing.features.flatMap((feature, i): FeatureResiduals[] => {
    if (feature.type === "text" || feature.type === "image") return [];
    const column = { inputs: places[i]!, feature };
    const bins = binsOf(column, asked);
    if (bins.length < 2) return [];
    const groups = bins.map((own) => gather(residuals, own));
    return [
      {
        ...{ column: feature.column, between: shareBetween(groups) },
        pValue: sampling === null ? welchTest(groups) : null,
        bins: bins.map((own, bin) => describeBin(column, own, groups[bin]!, asked)),
      },
    ];
  });
  if (columns.length === 0) return null;
  return { rows: rows.length, columns: columns.toSorted((a, b) => b.between - a.between).slice(0, mostColumns) };
};
