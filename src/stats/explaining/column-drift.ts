import type { Column, Dataset } from "../../domain/datasets/dataset.ts";
import { columnsByName } from "../../domain/jobs/spec/task-columns.ts";
import type { Drift } from "../../domain/models/parts/drift.ts";

type ColumnDrift = Drift["columns"][number];

const mostColumns = 100;

/** How many rows have each category; null: no category, or not all are counted. */
const countsOf = ({ type, categories, distinct }: Column): Map<string, number> | null =>
  type === "category" && categories !== undefined && categories.length === distinct
    ? new Map(categories.map(({ value, count }) => [value, count]))
    : null;

const ofNumbers = (here: Column, there: Column): Pick<ColumnDrift, "shift" | "spread" | "beyond"> => {
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
  return { shift: (mean - before.mean) / unit, spread, beyond };
};

const ofCategories = (
  { here, rows }: { here: Column; rows: number },
  { there, rowsThere }: { there: Column; rowsThere: number },
): Pick<ColumnDrift, "distance" | "unseen"> => {
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
      { column: name, ...ofNumbers(here, there), ...ofCategories({ here, rows }, { there, rowsThere }), ...shares },
    ];
  });
  const farness = ({ shift, distance }: ColumnDrift): number => Math.max(Math.abs(shift ?? 0), 2 * (distance ?? 0));
  const sorted = columns.toSorted((a, b) => farness(b) - farness(a));
  return { dataset: trained.id, rows, rowsThere, columns: sorted.slice(0, mostColumns) };
};
