import { textOfDays } from "../../data/columns/instant.ts";
import { numberOfInput } from "../../data/preprocessing/encoders/number-scale.ts";
import { inOwnUnits } from "../../data/preprocessing/raw-numbers.ts";
import { assert } from "../../domain/errors.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { doublesOf, orderOf, rowsWhere } from "../order-of.ts";
import { type ColumnInputs, columnInputs } from "./correlated-columns.ts";

/** Values of a column at which the model is asked, at most. */
const mostPoints = 20;
/** Of numbers with more values: the shares of the training rows between which the points lie, as scikit-learn's. */
const [lowest, highest] = [0.05, 0.95];
const minutesPerDay = 1440;

/** From an input in the arrays to the data: a number in its units, or for a category's level about 0 or 1. */
export type UnitsOf = (input: number, value: number) => number;

/** Units of standardised numbers, or of numbers as they are from which a shift may have been taken; to so many digits as the arrays hold. */
export const createUnits = (
  preprocessing: Preprocessing,
  { standardised, shifts, digits }: { standardised: boolean; shifts: Float64Array | null; digits: number },
): UnitsOf => {
  const numberOf = new Map<number, (value: number) => number>();
  const inArrays = standardised ? preprocessing : inOwnUnits(preprocessing);
  for (const [i, { first }] of columnInputs(preprocessing).entries()) {
    const feature = inArrays.features[i]!;
    if (feature.type === "number") numberOf.set(first, (value) => numberOfInput(feature, value));
    else if (feature.type === "datetime") numberOf.set(first, (value) => feature.mean + feature.scale * value);
  }
  return (input, value) => {
    const shifted = value + (shifts?.[input] ?? 0);
    return Number((numberOf.get(input)?.(shifted) ?? shifted).toPrecision(digits));
  };
};

/** A value of a column and a row of the training rows that has it: its inputs are what the model is asked with. */
interface GridPoint {
  readonly value: number | string;
  readonly row: number;
}

export interface Column {
  readonly inputs: ColumnInputs;
  readonly feature: Preprocessing["features"][number];
}

/** The cell of a row: a number, a category, or null where it is missing or of no known category. */
export const cellOf = (
  { inputs: { first, width }, feature }: Column,
  features: ArrayLike<number>,
  start: number,
  unitsOf: UnitsOf,
): number | string | null => {
  const at = (k: number): number => unitsOf(first + k, features[start + first + k]!);
  if (feature.type !== "image" && feature.missingIndicator && at(width - 1) > 0.5) return null;
  if (feature.type === "number") return at(0);
  // A date is told by its days, to the minute: 32 bits hold no more of it.
  if (feature.type === "datetime") return textOfDays(Math.round(at(0) * minutesPerDay) / minutesPerDay);
  const level = feature.type === "category" ? feature.categories.findIndex((_, k) => at(k) > 0.5) : -1;
  return feature.type === "category" ? (feature.categories[level] ?? feature.reference ?? null) : null;
};

/**
 * Of a number every value, or of more than twenty so many at equal shares of the rows from 5 % to 95 %; of a category its levels, or the twenty that most rows
 * have, in their order.
 */
export const dependenceGrid = (
  column: Column,
  features: ArrayLike<number>,
  { inputs, rows }: { inputs: number; rows: ArrayLike<number> },
  unitsOf: UnitsOf,
): GridPoint[] => {
  const { feature } = column;
  if (feature.type === "category") {
    const found = new Map<number | string, { row: number; count: number }>();
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const value = cellOf(column, features, row * inputs, unitsOf);
      if (value === null) continue;
      const { row: firstRow = row, count = 0 } = found.get(value) ?? {};
      found.set(value, { row: firstRow, count: count + 1 });
    }
    const levels = feature.categories.filter((level) => found.has(level));
    const often = levels.toSorted((a, b) => found.get(b)!.count - found.get(a)!.count).slice(0, mostPoints);
    return levels.filter((value) => often.includes(value)).map((value) => ({ value, row: found.get(value)!.row }));
  }
  if (feature.type !== "number" && feature.type !== "datetime") return [];
  const { first, width } = column.inputs;
  const isKnown = (i: number): boolean =>
    !(feature.missingIndicator && unitsOf(first + width - 1, features[rows[i]! * inputs + first + width - 1]!) > 0.5);
  const known = rowsWhere(rows.length, isKnown);
  // A cell grows with its input, and few cells are shown.
  const own = doublesOf(known, (i) => features[rows[i]! * inputs + first]!);
  const order = orderOf(own);
  const pointAt = (place: number): GridPoint => {
    const row = rows[known[order[place]!]!]!;
    const value = cellOf(column, features, row * inputs, unitsOf);
    assert(value !== null, "missing cells are left out");
    return { value, row };
  };
  const distinct: GridPoint[] = [];
  for (let place = 0; place < order.length && distinct.length <= mostPoints; place++) {
    if (place > 0 && own[order[place]!] === own[order[place - 1]!]) continue;
    const point = pointAt(place);
    if (point.value !== distinct.at(-1)?.value) distinct.push(point);
  }
  if (distinct.length <= mostPoints) return distinct;
  const share = (i: number): number => lowest + ((highest - lowest) * i) / (mostPoints - 1);
  const points = Array.from({ length: mostPoints }, (_, i) => pointAt(Math.round(share(i) * (order.length - 1))));
  return points.filter(({ value }, i) => value !== points[i - 1]?.value);
};
