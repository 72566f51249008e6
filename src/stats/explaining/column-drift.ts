import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { isCategorical } from "../../domain/datasets/truth-values.ts";
import { columnsByName } from "../../domain/jobs/spec/task-columns.ts";
import type { Estimate } from "../../domain/models/estimate.ts";
import type { Drift } from "../../domain/models/parts/drift.ts";
import { quantile95 } from "../coefficients/tail-probability.ts";

interface Here {
  readonly here: Column;
  readonly rows: number;
}
interface There {
  readonly there: Column;
  readonly rowsThere: number;
}
type ColumnDrift = Drift["columns"][number];

const mostColumns = 100;

/** How many rows have each category; null: no category, or not all are counted. */
const countsOf = (column: Column): Map<string, number> | null => {
  const { categories, distinct } = column;
  return isCategorical(column) && categories !== undefined && categories.length === distinct
    ? new Map(categories.map(({ value, count }) => [value, count]))
    : null;
};

/** What a column says of its mean. */
interface Sample {
  readonly mean: number;
  /** n − 1 in the denominator; of one value none. */
  readonly deviation: number | undefined;
  readonly values: number;
}

/**
 * Glass's Δ = (x̄ − ȳ) / s_y with its error by the delta method, √(s_x²/(n s_y²) + 1/m + Δ²/(2(m − 1))), and Student's quantile at the degrees of freedom of Welch (1947) and Satterthwaite: the first two terms are
 * Welch's error of a difference of means, the last is what the unit itself is uncertain by where values are normal (Hedges 1981, Journal of Educational Statistics 6).
 */
export const standardisedShift = (here: Sample, there: Sample & { readonly deviation: number }): Estimate => {
  const value = (here.mean - there.mean) / there.deviation;
  const [n, m] = [here.values, there.values];
  if (here.deviation === undefined || n < 2 || m < 2) return { value, lower: null, upper: null };
  const [own, before] = [(here.deviation / there.deviation) ** 2 / n, 1 / m];
  const degrees = (own + before) ** 2 / (own ** 2 / (n - 1) + before ** 2 / (m - 1));
  const half = quantile95(degrees) * Math.sqrt(own + before + value ** 2 / (2 * (m - 1)));
  // Of units about 1e-160 squares are beyond numbers.
  if (!Number.isFinite(half)) return { value, lower: null, upper: null };
  return { value, lower: value - half, upper: value + half };
};

const ofNumbers = (
  { here, rows }: Here,
  { there, rowsThere }: There,
): Pick<ColumnDrift, "shift" | "spread" | "beyond"> => {
  const known = here.type === "number" && there.type === "number";
  const [{ mean, standardDeviation }, before] = [here, there];
  const isIn =
    here.minimum === undefined || here.maximum === undefined
      ? true
      : here.minimum >= (before.minimum ?? Number.POSITIVE_INFINITY) &&
        here.maximum <= (before.maximum ?? Number.NEGATIVE_INFINITY);
  const beyond = known ? !isIn : null;
  const unit = before.standardDeviation;
  if (!known || mean === undefined || before.mean === undefined || unit === undefined || !(unit > 0))
    return { shift: null, spread: null, beyond };
  const spread = standardDeviation === undefined ? null : standardDeviation / unit;
  const own = { mean, deviation: standardDeviation, values: rows - here.missing };
  const shift = standardisedShift(own, { mean: before.mean, deviation: unit, values: rowsThere - there.missing });
  return { shift: Number.isFinite(shift.value) ? shift : null, spread, beyond };
};

const ofCategories = ({ here, rows }: Here, { there, rowsThere }: There): Pick<ColumnDrift, "distance" | "unseen"> => {
  const [counts, before] = [countsOf(here), countsOf(there)];
  if (counts === null || before === null) return { distance: null, unseen: null };
  let distance = Math.abs(here.missing / rows - there.missing / rowsThere);
  for (const value of new Set([...counts.keys(), ...before.keys()]))
    distance += Math.abs((counts.get(value) ?? 0) / rows - (before.get(value) ?? 0) / rowsThere);
  const unseen = [...counts].reduce((sum, [value, count]) => sum + (before.has(value) ? 0 : count), 0);
  return { distance: distance / 2, unseen };
};

/** How far the named columns of a data set are from those of the one that a model was trained on, by what both records say of all their rows. Columns that one of them has not are left out. */
export const columnDrift = (names: readonly string[], dataset: Dataset, trained: Dataset): Drift => {
  const [rows, rowsThere] = [dataset.rows, trained.rows];
  const byName = [dataset, trained].map(columnsByName);
  const columns = names.flatMap((name): ColumnDrift[] => {
    const [here, there] = byName.map((own) => own.get(name));
    if (here === undefined || there === undefined) return [];
    const shares = { missing: here.missing / rows, missingThere: there.missing / rowsThere };
    return [
      {
        column: name,
        ...ofNumbers({ here, rows }, { there, rowsThere }),
        ...ofCategories({ here, rows }, { there, rowsThere }),
        ...shares,
      },
    ];
  });
  const farness = ({ shift, distance }: ColumnDrift): number =>
    Math.max(Math.abs(shift?.value ?? 0), 2 * (distance ?? 0));
  const sorted = columns.toSorted((a, b) => farness(b) - farness(a));
  return { dataset: trained.id, rows, rowsThere, columns: sorted.slice(0, mostColumns) };
};
