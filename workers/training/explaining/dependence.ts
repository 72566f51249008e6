import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import { assert } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Dependence } from "../../../src/domain/models/explained.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { columnInputs } from "../../../src/stats/explaining/correlated-columns.ts";
import { cellOf, dependenceGrid, type UnitsOf } from "../../../src/stats/explaining/dependence-grid.ts";
import { partialDependence } from "../../../src/stats/explaining/partial-dependence.ts";
import { dependenceRows, type ExplainingBudget } from "./explained-rows.ts";
import type { PickedRows, PickRows } from "./picked-rows.ts";

/** Columns, classes and rows that curves are given of, and training rows that the columns' values are taken from, at most. */
const [mostColumns, mostClasses, mostCurves, mostSeen] = [6, 10, 12, 10_000];

const rounded = (value: number): number => Number(value.toPrecision(7));

/** How a row's outputs are told: the probability of the second of two classes, of the first classes, or the value in the label's units. */
const answersOf = (
  { loss }: Pick<ResolvedJobSpec, "loss">,
  { label, outputs: width }: Preprocessing,
): { classes: (string | null)[]; of: (outputs: ArrayLike<number>, at: number, answer: number) => number } => {
  assert(label.type !== "none", "classification and regression have labels");
  if (label.type === "number")
    return { classes: [null], of: (outputs, at) => label.mean + label.scale * outputs[at * width]! };
  const { classes } = label;
  if (loss.type === "binary_cross_entropy") return { classes: [classes[1]!], of: (outputs, at) => outputs[at]! };
  if (classes.length === 2) return { classes: [classes[1]!], of: (outputs, at) => outputs[at * width + 1]! };
  return { classes: classes.slice(0, mostClasses), of: (outputs, at, answer) => outputs[at * width + answer]! };
};

const largest = (numbers: readonly number[]): number => numbers.indexOf(Math.max(...numbers));

/** A trained model, and how it is asked about so many rows of a split, evenly spread, as they stand in the arrays. */
export interface Depending {
  spec: Pick<ResolvedJobSpec, "loss">;
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  split: Split;
  unitsOf: UnitsOf;
  budget: ExplainingBudget | null;
  pick: PickRows;
  ask: (picked: PickedRows) => ArrayLike<number>;
}

/** Partial dependence and individual curves for the first of `columns`, the most important first. */
export const explainDependence = (
  { spec, preprocessing, arrays, split, unitsOf, budget, pick, ask }: Depending,
  columns: readonly string[],
): { dependenceRows: number; dependence: Dependence[] } => {
  const { inputs, features: transforms, outputs } = preprocessing;
  const { labels } = arrays[split];
  const seen = { inputs, ...pick("train", spreadRows(arrays.train.labels?.length ?? 0, 1, mostSeen)) };
  const places = columnInputs(preprocessing);
  const chosen = columns.slice(0, mostColumns).map((name) => {
    const i = places.findIndex(({ column }) => column === name);
    const column = { inputs: places[i]!, feature: transforms[i]! };
    return { column, grid: dependenceGrid(column, seen.features, seen, unitsOf) };
  });
  const varying = chosen.filter(({ grid }) => grid.length > 1);
  const asked = varying.reduce((sum, { grid }) => sum + grid.length, 0);
  const picked = pick(split, spreadRows(labels?.length ?? 0, outputs, dependenceRows(budget, asked)));
  const { features, rows } = picked;
  if (rows.length === 0) return { dependenceRows: 0, dependence: [] };
  const { classes, of } = answersOf(spec, preprocessing);
  const answer = (): number[] => {
    const told = ask(picked);
    return Array.from({ length: rows.length * classes.length }, (_, at) =>
      of(told, Math.floor(at / classes.length), at % classes.length),
    );
  };
  const own = answer();
  const curves = spreadRows(rows.length, 1, mostCurves);
  const dependence = varying.map(({ column, grid }): Dependence => {
    const cells = Array.from(curves, (i) => cellOf(column, features, rows[i]! * inputs, unitsOf));
    const { first, width } = column.inputs;
    const values = grid.map(({ row }) => seen.features.slice(row * inputs + first, row * inputs + first + width));
    const part = { features, inputs, rows, ask: answer, answers: classes.length };
    const { means, asked: told } = partialDependence(part, column.inputs, values);
    return {
      column: column.inputs.column,
      values: grid.map(({ value }) => value),
      answers: classes.map((name, k) => ({ class: name, mean: means.map((mean) => rounded(mean[k]!)) })),
      individual: Array.from(curves, (i, j) => {
        const k = largest(own.slice(i * classes.length, (i + 1) * classes.length));
        const curve = told.map((outputs) => rounded(outputs[i * classes.length + k]!));
        return { cell: cells[j]!, class: classes[k]!, values: curve };
      }),
    };
  });
  return { dependenceRows: rows.length, dependence };
};
