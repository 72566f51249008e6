import type { Preprocessing } from "../domain/models/model.ts";
import type { ReportNote } from "../domain/models/report.ts";
import { correlation } from "./estimate.ts";
import { columnInputs } from "./explaining/correlated-columns.ts";
import { doublesOf, orderOf } from "./order-of.ts";

/** Some training rows as they lie in the arrays. */
export interface GiveawayRows {
  preprocessing: Preprocessing;
  /** Row-major; each row's inputs begin at its place in `rows` times the inputs. */
  features: ArrayLike<number>;
  rows: ArrayLike<number>;
  /** Of these rows: the class's index, or the number. */
  labels: Float64Array;
}

/** Of fewer rows, or fewer outside of the commonest class, one column may tell the label by chance. */
const [fewestRows, fewestOthers] = [50, 10];
/** So many rows of a level in the mean, or levels are too much like names of rows. */
const rowsOfLevel = 10;
const strongest = 0.999;
/** A note names so many columns. */
const mostNamed = 10;

/** One row of so many may be an exception. */
const allowedOf = (rows: number): number => Math.floor(rows / 1000);

/**
 * Rows that the best rule on one value gets wrong: each level its commonest class, and, unless there are few levels, each class in one piece of the line.
 * Null: no such rule is worth the name, or it has more exceptions than are allowed.
 */
const exceptionsOf = (values: Float64Array, labels: Float64Array, classes: number, named: boolean): number | null => {
  const order = orderOf(values);
  const allowed = allowedOf(order.length);
  let [levels, pieces, wrong, last, exceptions] = [0, 0, 0, -1, 0];
  for (let first = 0; first < order.length; ) {
    const counts = new Map<number, number>();
    let end = first;
    for (; end < order.length && values[order[end]!] === values[order[first]!]; end++) {
      const label = labels[order[end]!]!;
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    let commonest = -1;
    for (const [label, count] of counts) if (count > (counts.get(commonest) ?? 0)) commonest = label;
    wrong += end - first - counts.get(commonest)!;
    if (commonest !== last) pieces += 1;
    [levels, last, first] = [levels + 1, commonest, end];
    const many = levels * rowsOfLevel > order.length;
    // An exception in the midst of another class makes two pieces more.
    exceptions = many ? wrong + Math.max(0, pieces - classes) / 2 : wrong;
    // The rows that follow only add to it.
    if (exceptions > allowed || (many && named)) return null;
  }
  return exceptions;
};

const isTold = (labels: Float64Array): { classes: number } | null => {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.length - Math.max(...counts.values()) < fewestOthers ? null : { classes: counts.size };
};

/** Columns of numbers, each row's own; of categories, the place of the row's input that is not 0. Dates, texts and pictures are not looked at. */
const valuesOf = ({ preprocessing, features, rows }: GiveawayRows) => {
  const { inputs } = preprocessing;
  return columnInputs(preprocessing).flatMap(({ column, first, width }, i) => {
    const { type } = preprocessing.features[i]!;
    if (type !== "number" && type !== "category") return [];
    const levelOf = (start: number): number => {
      let at = 0;
      for (let k = 1; k < width; k++) if (features[start + k]! > features[start + at]!) at = k;
      return at;
    };
    const read = (): Float64Array =>
      doublesOf(rows, (row) => (type === "number" ? features[row * inputs + first]! : levelOf(row * inputs + first)));
    return [{ column, type, read }];
  });
};

const remedy =
  "a column that is filled in only once the label is known gives it away, and no figure here then holds for rows to come: name it in task.exclude; if it is known before, this one rule does without a model";

/** What one column alone says of the label; null: not nearly all. */
const whatIsTold = (sample: GiveawayRows): ((values: Float64Array, named: boolean) => string | null) => {
  const { labels, preprocessing } = sample;
  const of = `${labels.length} training rows`;
  if (preprocessing.label.type === "number")
    return (values, named) => {
      const strength = named ? null : correlation(values, labels);
      return strength !== null && Math.abs(strength) > strongest ? `correlation ${strength.toFixed(5)} on ${of}` : null;
    };
  const told = isTold(labels);
  if (told === null) return () => null;
  return (values, named) => {
    const wrong = exceptionsOf(values, labels, told.classes, named);
    if (wrong === null) return null;
    return wrong === 0 ? `all of ${of}` : `all but ${Math.ceil(wrong)} of ${of}`;
  };
};

/** Names the columns each of which alone tells the label, nearly without exception; where there is one column only, that is what was asked for. */
export const giveawayNotes = (sample: GiveawayRows): ReportNote[] => {
  const { preprocessing, labels } = sample;
  if (preprocessing.label.type === "none" || preprocessing.features.length < 2 || labels.length < fewestRows) return [];
  const saysOf = whatIsTold(sample);
  const found = valuesOf(sample).flatMap(({ column, type, read }) => {
    const says = saysOf(read(), type === "category");
    return says === null ? [] : [`${JSON.stringify(column)} (${says})`];
  });
  if (found.length === 0) return [];
  const further = found.length > mostNamed ? ` and ${found.length - mostNamed} more` : "";
  const tells = found.length === 1 ? "alone tells" : "each alone tell";
  const names = `${found.slice(0, mostNamed).join(", ")}${further}`;
  const message = `${names} ${tells} ${JSON.stringify(preprocessing.label.column)}: ${remedy}`;
  return [{ code: "label_given_away", message }];
};
