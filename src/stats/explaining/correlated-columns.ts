import { featureWidth } from "../../data/preprocessing/data-shape.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import { doublesOf } from "../order-of.ts";
import { meanOf } from "../sampling.ts";

/** Columns that are this strongly correlated are exchanged together too. */
const strong = 0.9;
/** Inputs whose correlations are computed at most. */
const mostInputs = 300;

/** The places of each column's inputs. */
export interface ColumnInputs {
  readonly column: string;
  readonly first: number;
  readonly width: number;
}

export const columnInputs = ({ features }: Preprocessing): ColumnInputs[] => {
  let first = 0;
  return features.map((feature) => {
    const own = { column: feature.column, first, width: featureWidth(feature) };
    first += own.width;
    return own;
  });
};

/** Standardised values of one input over the rows; null where it does not vary. */
const standardised = (features: ArrayLike<number>, inputs: number, rows: ArrayLike<number>, input: number) => {
  const values = doublesOf(rows, (row) => features[row * inputs + input]!);
  const center = meanOf(values, null);
  const deviations = values.map((value) => value - center);
  const length = Math.sqrt(productOf(deviations, deviations));
  return length > 0 ? deviations.map((deviation) => deviation / length) : null;
};

const productOf = (x: Float64Array, y: Float64Array): number => {
  let product = 0;
  for (let i = 0; i < x.length; i++) product += x[i]! * y[i]!;
  return product;
};

/** Sets of columns, by their places, each linked to another of its set by |r| ≥ 0.9 of two of their inputs, missing indicators aside. */
export const correlatedColumns = (
  preprocessing: Preprocessing,
  features: ArrayLike<number>,
  rows: ArrayLike<number>,
): { columns: number[]; correlation: number }[] => {
  const { inputs } = preprocessing;
  if (inputs > mostInputs || rows.length < 3) return [];
  const all = columnInputs(preprocessing).map(({ first, width }, i) => {
    const own = preprocessing.features[i]!;
    const said = width - ("missingIndicator" in own && own.missingIndicator ? 1 : 0);
    return Array.from({ length: said }, (_, k) => standardised(features, inputs, rows, first + k)).filter(
      (values) => values !== null,
    );
  });
  const between = (a: number, b: number): number => {
    let most = 0;
    for (const x of all[a]!) for (const y of all[b]!) most = Math.max(most, Math.abs(productOf(x, y)));
    return most;
  };
  const group = Array.from(all.keys());
  const correlations = new Map<number, number>();
  for (let a = 0; a < all.length; a++)
    for (let b = a + 1; b < all.length; b++) {
      const size = between(a, b);
      if (size < strong) continue;
      const [kept, gone] = [Math.min(group[a]!, group[b]!), Math.max(group[a]!, group[b]!)];
      correlations.set(kept, Math.min(1, Math.max(size, correlations.get(kept) ?? 0, correlations.get(gone) ?? 0)));
      for (const [i, own] of group.entries()) if (own === gone) group[i] = kept;
    }
  return [...new Set(group)]
    .map((own) => ({
      columns: Array.from(group.keys()).filter((i) => group[i] === own),
      correlation: correlations.get(own) ?? 0,
    }))
    .filter(({ columns }) => columns.length > 1);
};
