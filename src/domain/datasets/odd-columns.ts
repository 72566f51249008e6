import type { Column, ColumnNote } from "./dataset.ts";
import { isCategorical } from "./truth-values.ts";

/** No row has a value. */
export const isEmptyColumn = ({ missing }: Column, rows: number): boolean => missing === rows;

/** The one value that every row has; null if rows differ. */
export const constantOf = (column: Column): string | null => {
  if (column.missing > 0) return null;
  if (column.type === "number") return column.minimum === column.maximum ? String(column.minimum) : null;
  return column.distinct === 1 ? (column.categories?.[0]?.value ?? null) : null;
};

/** Too many different texts to count, or longer ones than categories are: one input for each would be none of use. */
export const isFreeText = (column: Column): boolean => isCategorical(column) && column.categories === undefined;

/** Fewer rows than this may differ all by chance, and be too few to speak of a share. */
const fewestRows = 50;

/** Every row has a text of its own: a name for the row rather than something that other rows share. */
export const isLikeIds = ({ type, distinct, missing }: Column, rows: number): boolean =>
  type === "category" && rows - missing >= fewestRows && distinct === rows - missing;

/** `id`, `patient_id`, `customerId`. */
const idName = /(?:^|[\s._-])id$/i;
const camelId = /[a-z]I[dD]$/;

/**
 * Numbers that count rows: each whole number between the least and the largest once, as their variance n(n + 1)/12 says (of a sample), or whole ones of a column whose name says
 * that they are ids, most of them different.
 */
export const isLikeRowNumbers = (column: Column, rows: number): boolean => {
  const { type, name, missing, distinct, minimum, maximum, mean, standardDeviation } = column;
  if (type !== "number" || rows < fewestRows || minimum === undefined || maximum === undefined) return false;
  if (!Number.isInteger(minimum) || !Number.isInteger(maximum)) return false;
  if (distinct !== null && 2 * distinct <= rows - missing) return false;
  if (idName.test(name) || camelId.test(name)) return true;
  if (missing > 0 || maximum - minimum !== rows - 1 || mean === undefined || standardDeviation === undefined)
    return false;
  const deviation = Math.sqrt((rows * (rows + 1)) / 12);
  const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * deviation;
  return isNear(mean, (minimum + maximum) / 2) && isNear(standardDeviation, deviation);
};

export const isMostlyMissing = (column: Column, rows: number): boolean =>
  rows >= fewestRows && 2 * column.missing > rows && !isEmptyColumn(column, rows);

/** Fewer than one number in four hundred is so far from the mean, whatever the distribution (Chebyshev); of those that are like each other none. */
export const farDeviations = 20;

export const hasNote =
  (wanted: ColumnNote["code"]) =>
  ({ notes }: Column): boolean =>
    notes?.some(({ code }) => code === wanted) ?? false;

/** A slip of the decimal point, or a distribution whose tail decides about the fit. */
export const isFar = (column: Column): boolean => isFarFromMean(column) || hasNote("far_values")(column);

export const isFarFromMean = ({ type, minimum, maximum, mean, standardDeviation }: Column): boolean => {
  if (type !== "number" || minimum === undefined || maximum === undefined) return false;
  if (mean === undefined || standardDeviation === undefined) return false;
  return Math.max(maximum - mean, mean - minimum) > farDeviations * standardDeviation && standardDeviation > 0;
};

/** A standard deviation above the mean, and one that is so many from it: of numbers from 0 on, an exponential distribution's tail or a longer one. */
const tailDeviations = 5;

/** Numbers of which none is below 0 and a few are far above the others: what a logarithm is for. */
export const hasLongTail = (column: Column, rows: number): boolean => {
  const { type, minimum = -1, maximum = 0, mean = 0, standardDeviation = 0 } = column;
  if (type !== "number" || rows < fewestRows || minimum < 0) return false;
  return standardDeviation > mean && maximum - mean > tailDeviations * standardDeviation;
};

/** A long tail whose end is not so far that it may be a slip. */
export const isSkewed = (column: Column, rows: number): boolean => hasLongTail(column, rows) && !isFar(column);

/** What is odd about a column's values as features, whatever a job would do with them: the plan of a job says it again of those that it takes. */
export const oddValueNotes = (column: Column, rows: number): ColumnNote[] => {
  const notes: ColumnNote[] = [];
  const note = (code: ColumnNote["code"], message: string): void => {
    notes.push({ code, message });
  };
  if (isFreeText(column))
    note(
      "many_texts",
      'too many different texts, or longer ones than categories are: no feature, unless its type is changed to "text"',
    );
  if (isLikeIds(column, rows))
    note("id_like", "different in every row, like an id: nothing can be learnt from it for other rows; exclude it");
  if (isLikeRowNumbers(column, rows))
    note("id_like", "looks like numbers of rows or ids: unless larger ones mean more of something, exclude it");
  if (isMostlyMissing(column, rows))
    note("mostly_missing", `missing in ${column.missing} of ${rows} rows: see whether what is there is worth it`);
  if (isSkewed(column, rows))
    note("skewed", "a long tail above, which decides about the scale: a logarithm or ranks are worth a try");
  if (isFarFromMean(column) && !hasNote("far_values")(column))
    note(
      "far_values",
      `values more than ${farDeviations} standard deviations from the mean: see whether they are slips`,
    );
  return notes;
};
