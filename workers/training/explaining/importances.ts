import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Explained } from "../../../src/domain/models/explained.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { Report } from "../../../src/domain/models/report.ts";
import { square } from "../../../src/engine/exact/square.ts";
import { permutation, seedWords } from "../../../src/engine/kernels/philox.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { columnInputs, correlatedColumns } from "../../../src/stats/explaining/correlated-columns.ts";
import type { UnitsOf } from "../../../src/stats/explaining/dependence-grid.ts";
import { estimateExchanges } from "../../../src/stats/explaining/exchanged.ts";
import { weighed } from "../../../src/stats/sampling.ts";
import { explainDependence } from "./dependence.ts";
import { type ExplainingBudget, explainedRows, repeats } from "./explained-rows.ts";
import type { PickedRows, PickRows } from "./picked-rows.ts";
import { createRowMeasure } from "./row-measures.ts";

/** "perm": Philox's purpose, far from the small numbers of the engine's. */
const purpose = 0x7065726d;
/** Training rows that correlations are computed from at most. */
const mostCorrelated = 2000;

/** A trained model, its data, and how it is asked about rows of a split that were picked, as they stand there. */
export interface Explaining {
  spec: ResolvedJobSpec;
  /** In whose units the arrays' labels and the outputs are. */
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  split: Split;
  /** From the arrays' inputs to the data. */
  unitsOf: UnitsOf;
  /** What explanations may cost; null: nothing is explained. */
  budget: ExplainingBudget | null;
  pick: PickRows;
  ask: (picked: PickedRows) => ArrayLike<number>;
}

/** Writes values of an input to the rows that were picked, in another order or in their own. */
const putValues = (
  { features, rows }: PickedRows,
  inputs: number,
  {
    input,
    values,
    order,
  }: { readonly input: number; readonly values: Float64Array; readonly order: Int32Array | null },
): void => {
  for (let i = 0; i < rows.length; i++) features[rows[i]! * inputs + input] = values[order === null ? i : order[i]!]!;
};

/** What rows lose by exchanges: each by others' values, and others by its own; the means over the repeats, and sums over all. */
interface Losses {
  readonly lost: Float64Array;
  readonly given: Float64Array;
  sum: number;
  squares: number;
}

const startLosses = (rows: number): Losses => ({
  ...{ lost: new Float64Array(rows), given: new Float64Array(rows) },
  ...{ sum: 0, squares: 0 },
});

/** @param values what the rows' answers are worth when `order` says whose values each row has, `own` with its own */
const addLosses = (
  losses: Losses,
  { own, counts, order }: { readonly own: Float64Array; readonly counts: Float64Array; readonly order: Int32Array },
  values: Float64Array,
): void => {
  const { lost, given } = losses;
  let { sum, squares } = losses;
  for (let i = 0; i < values.length; i++) {
    const loss = counts[i]! * (own[i]! - values[i]!);
    lost[i]! += loss / repeats;
    given[order[i]!]! += loss / repeats;
    sum += loss;
    squares += square(loss);
  }
  losses.sum = sum;
  losses.squares = squares;
};

/**
 * Permutation importance of each column, and of strongly correlated ones together, and how the answers depend on the most important ones, on the rows that the report is about: values are exchanged between these rows
 * in the arrays themselves, the model is asked, and they are put back. The intervals are those of the rows' own losses, averaged over the repeats. Null: nothing
 * can be explained.
 */
export const explain = (explaining: Explaining): Explained | null => {
  const { spec, preprocessing, arrays, split, budget, pick, ask } = explaining;
  const { labels } = arrays[split];
  const most = explainedRows(budget);
  const { inputs, features: transforms } = preprocessing;
  if (most < 2 || labels === null) return null;
  const tabular = transforms.length > 0 && transforms.every(({ type }) => type !== "image");
  if (!tabular || Math.min(most, labels.length) < 2) return null;
  const { weights } = arrays[split];
  const asked = spreadRows(labels.length, preprocessing.outputs, most);
  // Weights of mean 1: the plain mean of what is lost is the weighted one.
  const ones = new Float64Array(asked.length).fill(1);
  const counts =
    weights === undefined ? ones : weighed(ones, { weights: Float64Array.from(asked, (r) => weights[r]!) });
  const { measure, of } = createRowMeasure(spec, preprocessing, arrays[split], asked);
  const picked = pick(split, asked);
  const { features, rows } = picked;
  const own = of(ask(picked));
  const places = columnInputs(preprocessing);
  const valuesOf = (input: number): Float64Array => {
    const values = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) values[i] = features[rows[i]! * inputs + input]!;
    return values;
  };
  let index = 0;
  const importanceOf = (columns: readonly number[]): Explained["columns"][number]["importance"] => {
    const moved = columns.flatMap((i) => Array.from({ length: places[i]!.width }, (_, k) => places[i]!.first + k));
    const kept = moved.map((input) => valuesOf(input));
    const put = (order: Int32Array | null): void => {
      for (const [k, input] of moved.entries()) putValues(picked, inputs, { input, values: kept[k]!, order });
    };
    const losses = startLosses(rows.length);
    try {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const order = permutation(rows.length, { ...seedWords(spec.training.seed), purpose, index });
        index += 1;
        put(order);
        addLosses(losses, { own, counts, order }, of(ask(picked)));
      }
    } finally {
      put(null);
    }
    const { lost, given, sum, squares } = losses;
    const count = rows.length * repeats;
    const variance = Math.max(0, squares - square(sum) / count) / (count - 1);
    return estimateExchanges({ lost, given, variance, repeats });
  };
  const columns = places.map(({ column }, i) => ({ column, importance: importanceOf([i]) }));
  const seen = pick("train", spreadRows(arrays.train.labels?.length ?? 0, 1, mostCorrelated));
  const groups = correlatedColumns(preprocessing, seen.features, seen.rows).map((group) => ({
    columns: group.columns.map((i) => places[i]!.column),
    correlation: group.correlation,
    importance: importanceOf(group.columns),
  }));
  const byImportance = (a: { importance: { value: number } }, b: { importance: { value: number } }): number =>
    b.importance.value - a.importance.value;
  const sorted = columns.toSorted(byImportance);
  const names = sorted.map(({ column }) => column);
  return {
    ...{ measure, rows: rows.length, repeats },
    columns: sorted,
    groups: groups.toSorted(byImportance),
    ...explainDependence(explaining, names),
  };
};

export const withExplained = (report: Report, explained: Explained | null): Report =>
  report.task === "classification" || report.task === "regression" ? { ...report, explained } : report;
