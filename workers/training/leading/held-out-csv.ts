import type { LabelTransform } from "../../../src/domain/models/model.ts";
import { csvRecord } from "../../../src/formats/csv/write-csv.ts";
import type { HeldOutAnswers } from "../folds/judge-rows.ts";
import type { Pool } from "../folds/pool.ts";

/** The answers of all folds, one after another. */
export const answersOfPool = ({ folds, columns }: Pool): HeldOutAnswers => ({
  ...{ places: columns.places ?? [], columns },
  fits: folds.flatMap(({ repeat, fold, kept }) =>
    Array.from({ length: kept }, () => ({ repeat: repeat + 1, fold: fold + 1 })),
  ),
});

type Cells = (row: number) => (string | number)[];

const cellsOf = ({ columns }: HeldOutAnswers, label: LabelTransform): { names: string[]; cells: Cells } => {
  if (label.type === "none") return { names: ["error"], cells: (row) => [columns.errors![row]!] };
  const [truths, names] = [columns.truths!, ["truth", "prediction"]];
  if (label.type === "number") {
    const { stated = truths } = columns;
    const { lower, upper } = columns;
    if (lower === undefined || upper === undefined)
      return { names, cells: (row) => [stated[row]!, columns.predictions![row]!] };
    return {
      names: [...names, "lower", "upper"],
      cells: (row) => [stated[row]!, columns.predictions![row]!, lower[row]!, upper[row]!],
    };
  }
  const { classes, threshold } = label;
  const probabilities = columns.probabilities!;
  const cells: Cells = (row) => {
    const start = row * classes.length;
    const cells: (string | number)[] = [classes[truths[row]!]!, ""];
    let best = 0;
    for (let k = 0; k < classes.length; k++) {
      const own = probabilities[start + k]!;
      cells.push(own);
      if (own > probabilities[start + best]!) best = k;
    }
    if (threshold !== undefined) best = probabilities[start + 1]! >= threshold ? 1 : 0;
    cells[1] = classes[best]!;
    return cells;
  };
  return { names: [...names, ...classes.map((name) => `probabilities.${name}`)], cells };
};

const linesAtOnce = 256;

/** A line for each answer, in the units of the data: `row`, of a cross-validation `repeat` and `fold`, `truth`, `prediction` and the probability of each class, or the quantiles about it (`lower`, `upper`). */
export function* heldOutCsv(answers: HeldOutAnswers, label: LabelTransform): Generator<Buffer, void, void> {
  const { places, fits } = answers;
  const { names, cells } = cellsOf(answers, label);
  let text = csvRecord(["row", ...(fits === undefined ? [] : ["repeat", "fold"]), ...names]);
  for (let row = 0; row < places.length; row++) {
    const fit = fits?.[row];
    text += csvRecord([places[row]!, ...(fit === undefined ? [] : [fit.repeat, fit.fold]), ...cells(row)]);
    if (row % linesAtOnce !== linesAtOnce - 1) continue;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text);
}
