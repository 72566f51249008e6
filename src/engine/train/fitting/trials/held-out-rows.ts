import type { LossSpec } from "../../../../domain/jobs/spec/parts/loss-spec.ts";
import { exp64, log64 } from "../../../kernels/math64.ts";
import { permutation, seedWords } from "../../../kernels/philox.ts";
import { pinballLevels, pinballOf } from "../../../nn/pinball.ts";
import { purposes } from "../../../nn/purposes.ts";
import type { SearchPlan } from "../../planning/plan-search.ts";
import type { Split, TrainingPlan } from "../../planning/training.ts";
import { viewOf } from "../memory.ts";
import { askInBatches, type RowRunner } from "../row-runner.ts";
import type { AskRows } from "./temperature.ts";

/** A float's probability below this is rounding. */
const leastProbability = 2 ** -24;
/** Rows that were all answered right do not show that fewer than one in rows + 1 would be wrong: being surer than that is not worth more. */
const mostProbability = (rows: number): number => rows / (rows + 1);

const labelsOf = (plan: TrainingPlan, memory: WebAssembly.Memory): Int32Array | Float32Array => {
  const { labels } = plan.data.train;
  if (labels === null) throw new Error("a penalty is searched for models with labels");
  return viewOf(memory, labels) as Int32Array | Float32Array;
};

/** Training rows in file order, and those that judge a trial behind them. */
export interface TrialRows {
  readonly train: Int32Array;
  readonly holdOut: Int32Array;
}

/**
 * A systematic sample of the rows sorted by their label, equal ones in random order: each class, and each range of numbers, has its share of the held-out rows
 * within one; the folds' samples interleave. A function of seed, labels and counts alone.
 */
export const holdOutRows = (
  plan: TrainingPlan,
  search: SearchPlan,
  memory: WebAssembly.Memory,
  fold: number,
): TrialRows => {
  const labels = labelsOf(plan, memory);
  const rows = plan.shape.trainRows;
  const count = search.holdOutRows;
  const rank = permutation(rows, { ...seedWords(plan.spec.training.seed), purpose: purposes.holdOut, index: 0 });
  const sorted = Int32Array.from({ length: rows }, (_, row) => row).sort(
    (a, b) => labels[a]! - labels[b]! || rank[a]! - rank[b]!,
  );
  const holdOut = Int32Array.from(
    { length: count },
    (_, i) => sorted[Math.floor(((i + (fold + 0.5) / search.folds) * rows) / count)]!,
  ).sort();
  const held = new Set(holdOut);
  const train = Int32Array.from({ length: rows }, (_, row) => row).filter((row) => !held.has(row));
  return { train, holdOut };
};

/** Share of labels that are taken for mistaken, so that single rows at which a network was too sure do not outweigh all others (a contaminated likelihood). */
const mistaken = 0.05;

/** The loss of one of `rows` rows from what the model says of it: outputs behind softmax, sigmoid or exp, from `at`; rates are of one unit. */
const rowLoss = (
  spec: LossSpec,
  outputs: Float32Array,
  at: number,
  label: number,
  { rows, exposure }: { readonly rows: number; readonly exposure: number },
  classes: number,
): number => {
  const output = exposure * outputs[at]!;
  const logOf = (value: number): number => log64(Math.max(value, leastProbability));
  const logChance = (probability: number, classes: number): number =>
    log64((1 - mistaken) * Math.min(probability, mostProbability(rows)) + mistaken / classes);
  switch (spec.type) {
    case "cross_entropy":
      return -logChance(outputs[at + label]!, classes);
    case "binary_cross_entropy":
      return -logChance(label > 0.5 ? output : 1 - output, 2);
    case "poisson_nll":
      return output - label * logOf(output);
    case "gamma_nll":
      return label / Math.max(output, leastProbability) + logOf(output) - log64(label);
    case "pinball":
      return pinballOf(spec, label, (k) => outputs[at + k]!);
    case "negative_binomial_nll":
      throw new Error("a negative binomial model is solved, not trained");
    case "gaussian_nll": {
      const logVariance = outputs[at + 1]!;
      return 0.5 * (logVariance + (label - output) * (label - output) * exp64(-logVariance));
    }
    case "mean_absolute_error":
      return Math.abs(label - output);
    case "huber": {
      const distance = Math.abs(label - output);
      return distance <= spec.delta ? 0.5 * distance * distance : spec.delta * (distance - 0.5 * spec.delta);
    }
    case "mean_squared_error":
      return (label - output) * (label - output);
  }
};

type Weight = (label: number, row: number) => number;

/** How much a row counts, by its own weight and that of its class. */
const weightOf = (plan: TrainingPlan, memory: WebAssembly.Memory, split: Split = "train"): Weight => {
  const byClass = classWeightOf(plan, memory);
  const { weights } = plan.data[split];
  if (weights === null) return byClass;
  const own = viewOf(memory, weights);
  return (label, row) => own[row]! * byClass(label);
};

/** What a row's count is of; 1 where nothing says. */
const createExposures = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  split: Split = "train",
): ((row: number) => number) => {
  const { offsets } = plan.data[split];
  if (offsets === null) return () => 1;
  const own = viewOf(memory, offsets);
  return (row) => exp64(own[row]!);
};

const classWeightOf = (plan: TrainingPlan, memory: WebAssembly.Memory): ((label: number) => number) => {
  const [first, second] = plan.layout.classWeights.map((tensor) => viewOf(memory, tensor));
  if (first === undefined) return () => 1;
  if (second === undefined) return (label) => first[label]!;
  return (label) => second[0]! * (label > 0.5 ? first[0]! : 1);
};

/** Asks the model as it stands about the held-out rows, which stand in `order` behind a trial's own. */
export const askHeldOut =
  (
    plan: TrainingPlan,
    search: SearchPlan,
    memory: WebAssembly.Memory,
    runner: RowRunner,
    { holdOut }: TrialRows,
  ): AskRows =>
  (visit) => {
    const labels = labelsOf(plan, memory);
    const width = plan.shape.outputs;
    const start = search.trainRows;
    const wanted = {
      split: "train",
      orderOffset: plan.layout.orderOffset,
      first: start,
      rows: holdOut.length,
    } as const;
    askInBatches(plan, memory, runner, search.judge, wanted, (first, count, outputs) => {
      for (let i = 0; i < count; i++) {
        const row = holdOut[first - start + i]!;
        visit(outputs, i * width, labels[row]!, row);
      }
    });
  };

type LossOfRow = (outputs: Float32Array, at: number, label: number, row: number) => number;

/** The loss of one of `rows` held-out rows of a split, as often as it counts. */
export const createRowLoss = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  rows: number,
  split: Split = "train",
): LossOfRow => {
  const weight = weightOf(plan, memory, split);
  const exposureAt = createExposures(plan, memory, split);
  const { spec, shape } = plan;
  return (outputs, at, label, row) =>
    weight(label, row) * rowLoss(spec.loss, outputs, at, label, { rows, exposure: exposureAt(row) }, shape.outputs);
};

/** The loss of each held-out row, or null where one is no number. */
export const judge = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  { holdOut }: TrialRows,
  ask: AskRows,
): number[] | null => {
  const lossOf = createRowLoss(plan, memory, holdOut.length);
  const losses: number[] = [];
  ask((outputs, at, label, row) => losses.push(lossOf(outputs, at, label, row)));
  return losses.every((loss) => Number.isFinite(loss)) ? losses : null;
};

/** What says least of a label: the same answer for every row, the weighted shares of the classes, or of the rows that trials learn from the mean (and variance), or the quantiles. */
const guessOf = (plan: TrainingPlan, memory: WebAssembly.Memory, rows: Int32Array): Float32Array => {
  const labels = labelsOf(plan, memory);
  const weight = weightOf(plan, memory);
  const exposureAt = createExposures(plan, memory);
  const { loss } = plan.spec;
  const guess = new Float64Array(plan.shape.outputs);
  let [total, squares, exposed] = [0, 0, 0];
  for (const row of rows) {
    const label = labels[row]!;
    const own = weight(label, row);
    total += own;
    exposed += own * exposureAt(row);
    if (loss.type === "cross_entropy") guess[label]! += own;
    else guess[0]! += own * label;
  }
  for (let at = 0; at < guess.length; at++) guess[at]! /= exposed;
  if (loss.type === "gaussian_nll") {
    for (const row of rows)
      squares += weight(labels[row]!, row) * (labels[row]! - guess[0]!) * (labels[row]! - guess[0]!);
    guess[1] = log64(Math.max(squares / total, leastProbability));
  }
  const levels = loss.type === "mean_absolute_error" ? [0.5] : pinballLevels(loss);
  if (levels.length > 0) {
    const sorted = rows.toSorted((a, b) => labels[a]! - labels[b]! || a - b);
    for (const [i, level] of levels.entries()) {
      let [at, below] = [0, weight(labels[sorted[0]!]!, sorted[0]!)];
      while (below < level * total && at < sorted.length - 1) {
        at += 1;
        below += weight(labels[sorted[at]!]!, sorted[at]!);
      }
      guess[i] = labels[sorted[at]!]!;
    }
  }
  return Float32Array.from(guess);
};

/** The mean loss of the held-out rows when the model only guesses. */
export const judgeGuess = (plan: TrainingPlan, memory: WebAssembly.Memory, { train, holdOut }: TrialRows): number => {
  const labels = labelsOf(plan, memory);
  const lossOf = createRowLoss(plan, memory, holdOut.length);
  const guess = guessOf(plan, memory, train);
  let sum = 0;
  for (const row of holdOut) sum += lossOf(guess, 0, labels[row]!, row);
  return sum / holdOut.length;
};
