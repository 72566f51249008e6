import { exp64, log64 } from "../../../kernels/math64.ts";
import type { Gains } from "../../planning/plan-search.ts";
import type { TrainingPlan } from "../../planning/training.ts";
import { viewOf } from "../memory.ts";
import { askInBatches, type RowRunner } from "../row-runner.ts";
import { countGains, surelyBest } from "./gains.ts";

/**
 * Temperatures that logits may be divided by (Guo et al. 2017). What a mean log-likelihood loses between two of them is less than what held-out rows can tell.
 * 1 is among them.
 */
const temperatures = [0.5, 0.6, 0.7, 0.85, 1, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.4, 4] as const;
const unchanged = temperatures.indexOf(1);
/** How often rows are asked. */
export const temperatureRuns = temperatures.length;

/** A float's probability below this is rounding. */
const leastProbability = 2 ** -24;

/** Calls `visit` with where the outputs of a row stand, its label, and its place in the split. */
export type AskRows = (visit: (outputs: Float32Array, at: number, label: number, row: number) => void) => void;

const headsOf = (plan: TrainingPlan) =>
  plan.tensors.filter(({ layer, frozen }) => !frozen && (layer === "output" || layer.startsWith("output.")));

/** Divides the logits: the output layers are linear, so their weights and biases are. An ensemble's members have one temperature. */
export const heatLogits = (plan: TrainingPlan, memory: WebAssembly.Memory, temperature: number): void => {
  for (const tensor of headsOf(plan)) {
    const values = viewOf(memory, tensor);
    for (let i = 0; i < values.length; i++) values[i]! /= temperature;
  }
};

/** ln p of each row's label, as often as the row counts. */
const logChances = ({ spec }: TrainingPlan, ask: AskRows, weights: ArrayLike<number> | null): Float64Array => {
  const logs: number[] = [];
  const single = spec.loss.type === "binary_cross_entropy";
  ask((outputs, at, label, row) => {
    const chance = single ? (label > 0.5 ? outputs[at]! : 1 - outputs[at]!) : outputs[at + label]!;
    const log = log64(Math.max(chance, leastProbability));
    logs.push(weights === null ? log : weights[row]! * log);
  });
  return Float64Array.from(logs);
};

/** What each temperature gains in log-likelihood on the rows of the split that `ask` asks about, added to what is known of others. The weights are as before. */
export const measureHeat = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  split: "train" | "validation",
  ask: AskRows,
  before?: Gains,
): Gains => {
  const placed = plan.data[split].weights;
  const weights = placed && viewOf(memory, placed);
  const heads = headsOf(plan).map((tensor) => viewOf(memory, tensor));
  const kept = heads.map((values) => values.slice());
  const own = logChances(plan, ask, weights);
  const gains = countGains(temperatures.length, before);
  for (const [t, temperature] of temperatures.entries()) {
    if (t === unchanged) continue;
    heatLogits(plan, memory, temperature);
    for (const [row, log] of logChances(plan, ask, weights).entries()) gains.add(t, log - own[row]!);
    for (const [i, values] of heads.entries()) values.set(kept[i]!);
  }
  return gains.after(own.length);
};

/**
 * What each temperature gains in log-likelihood on rows of which the probabilities are known: ln p is a logit but for a number that all classes of a row have in common.
 * @param probabilities rows × classes, row-major
 * @param weights how much rows count; null: once
 */
export const heatOfProbabilities = (
  probabilities: ArrayLike<number>,
  truths: ArrayLike<number>,
  classes: number,
  weights: ArrayLike<number> | null,
): Gains => {
  const rows = truths.length;
  const gains = countGains(temperatures.length);
  const logits = new Float64Array(classes);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < classes; k++) logits[k] = log64(Math.max(probabilities[row * classes + k]!, leastProbability));
    const own = logits[truths[row]!]!;
    const top = logits.reduce((most, value) => Math.max(most, value));
    for (const [t, temperature] of temperatures.entries()) {
      if (t === unchanged) continue;
      let total = 0;
      for (const logit of logits) total += exp64((logit - top) / temperature);
      const log = (own - top) / temperature - log64(total);
      gains.add(t, (weights?.[row] ?? 1) * (log - own));
    }
  }
  return gains.after(rows);
};

/** The temperature that the rows prefer, and by how much log-likelihood a row; 1 where none is surely better. */
export const chooseTemperature = (gains: Gains): { temperature: number; gain: number } => {
  const best = surelyBest(gains);
  return best === null ? { temperature: 1, gain: 0 } : { temperature: temperatures[best.at]!, gain: best.gain };
};

/** Asks about the validation rows. */
export const askValidation =
  (plan: TrainingPlan, memory: WebAssembly.Memory, runner: RowRunner): AskRows =>
  (visit) => {
    const programs = plan.programIndex.evaluate.validation;
    const { rows, labels } = plan.data.validation;
    if (programs === undefined || labels === null) return;
    const answers = viewOf(memory, labels);
    const width = plan.shape.outputs;
    const wanted = { split: "validation", orderOffset: plan.layout.identityOffset, first: 0, rows } as const;
    askInBatches(plan, memory, runner, programs, wanted, (first, count, outputs) => {
      for (let i = 0; i < count; i++) visit(outputs, i * width, answers[first + i]!, first + i);
    });
  };
