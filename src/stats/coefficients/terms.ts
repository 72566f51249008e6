import { dateInputName } from "../../data/preprocessing/input-names.ts";
import { assert } from "../../domain/errors.ts";
import { isStraight, type Preprocessing } from "../../domain/models/model.ts";

/**
 * A column of the linear predictor with a reference level for each category: what it multiplies is the sum of the model's own weights in `parts` (0 is the bias, then
 * the inputs). The inputs of a category add up to 1, so that only differences of their weights mean something: the first level that training has seen
 * is the reference, and the intercept takes its weight.
 */
export interface Term {
  readonly name: string;
  /** The input that is the column; null: the intercept. */
  readonly input: number | null;
  readonly parts: readonly { readonly at: number; readonly factor: number }[];
  /** The column is (x − mean) / scale of the data's x. */
  readonly mean: number;
  readonly scale: number;
}

type Feature = Preprocessing["features"][number];
type NumberFeature = Extract<Feature, { type: "number" }>;

const plain = { mean: 0, scale: 1 };

/** The column, and what a coefficient is by a unit of: `ln(price)`, `normal score of price`, `clipped (price − 3)/2`. */
const numberName = ({ column, mean, scale, logShift, quantiles, smoothClip }: NumberFeature): string => {
  const number = logShift === undefined ? column : logShift === 0 ? `ln(${column})` : `ln(${logShift} + ${column})`;
  if (quantiles !== undefined) return `normal score of ${number}`;
  if (smoothClip === undefined) return number;
  const [middle, width] = [mean, scale].map((value) => Number(value.toPrecision(4)));
  return `clipped (${number} − ${middle})/${width}`;
};

/** A feature's terms, and the position of its reference's weight. */
const featureTerms = (feature: Feature, first: number): { terms: Term[]; reference: number | null; width: number } => {
  const { column } = feature;
  if (feature.type === "number") {
    const units = isStraight(feature) ? { mean: feature.mean, scale: feature.scale } : plain;
    const term = { name: numberName(feature), input: first, parts: [{ at: 1 + first, factor: 1 }], ...units };
    return { terms: [term], reference: null, width: 1 };
  }
  if (feature.type === "datetime") {
    const { mean, scale, cycles } = feature;
    const terms = Array.from({ length: 1 + 2 * cycles.length }, (_, at): Term => {
      const units = at === 0 ? { mean, scale } : plain;
      const name = `${column} ${dateInputName(cycles, at)}`;
      return { name, input: first + at, parts: [{ at: 1 + first + at, factor: 1 }], ...units };
    });
    return { terms, reference: null, width: terms.length };
  }
  if (feature.type === "text") {
    const terms = Array.from({ length: feature.buckets }, (_, at): Term => {
      const parts = [{ at: 1 + first + at, factor: 1 }];
      return { name: `${column} bucket ${at}`, input: first + at, parts, ...plain };
    });
    return { terms, reference: null, width: terms.length };
  }
  assert(feature.type === "category", "coefficients are of numbers and categories");
  const seen = [...feature.categories.entries()].filter(([, level]) => !feature.unseen.includes(level));
  const stated = feature.reference;
  const [base] = seen;
  // A reference that is stated has no input of its own: the intercept is of it as it is.
  const reference = stated !== undefined || base === undefined ? null : 1 + first + base[0];
  const others = seen.filter(([, level]) => level !== (stated ?? base?.[1]));
  const terms = others.map(([offset, level]): Term => {
    const own = { at: 1 + first + offset, factor: 1 };
    const parts = reference === null ? [own] : [own, { at: reference, factor: -1 }];
    return { name: `${column}=${level}`, input: first + offset, parts, ...plain };
  });
  return { terms, reference, width: feature.categories.length };
};

/** The terms of a linear predictor, the intercept first. Inputs that are 0 in all training rows have none. */
export const termsOf = ({ features }: Preprocessing, isConstant: (input: number) => boolean): Term[] => {
  const intercept: { at: number; factor: number }[] = [{ at: 0, factor: 1 }];
  const terms: Term[] = [];
  let first = 0;
  for (const feature of features) {
    const own = featureTerms(feature, first);
    terms.push(...own.terms);
    first += own.width;
    if (own.reference !== null) intercept.push({ at: own.reference, factor: 1 });
    if (!feature.missingIndicator) continue;
    const less = own.reference === null ? [] : [{ at: own.reference, factor: -1 }];
    terms.push({
      name: `${feature.column} missing`,
      input: first,
      parts: [{ at: 1 + first, factor: 1 }, ...less],
      ...plain,
    });
    first += 1;
  }
  const kept = terms.filter(({ input }) => input !== null && !isConstant(input));
  return [{ name: "(intercept)", input: null, parts: intercept, ...plain }, ...kept];
};
