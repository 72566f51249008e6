import type { Split, TrainingPlan } from "../planning/training.ts";
import { viewOf } from "./memory.ts";
import { askInBatches, type RowRunner } from "./row-runner.ts";

export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number | null;
  /** Coefficient of determination 1 − Σ(y − ŷ)² / Σ(y − ȳ)²; null where the labels do not vary. */
  readonly r2: number | null;
  /** In units of the preprocessed label. */
  readonly meanSquaredError: number | null;
}

/**
 * Σ w (y − ȳ)² / n over all labels of a split, w of mean 1; exactly 0 where they are equal, whose mean may differ from them in its last bit.
 * @param eachValues brings them in their order, in pieces of any size; asked twice
 */
const variance = (
  eachValues: (visit: (values: ArrayLike<number>) => void) => void,
  weights: ArrayLike<number> | null,
): number => {
  let [sum, count] = [0, 0];
  let first: number | null = null;
  let constant = true;
  eachValues((values) => {
    for (let i = 0; i < values.length; i++) {
      first ??= values[i]!;
      sum += weights === null ? values[i]! : weights[count + i]! * values[i]!;
      constant &&= values[i] === first;
    }
    count += values.length;
  });
  if (constant) return 0;
  const mean = sum / count;
  let [squares, seen] = [0, 0];
  eachValues((values) => {
    for (let i = 0; i < values.length; i++) {
      const difference = values[i]! - mean;
      squares += (weights === null ? 1 : weights[seen + i]!) * difference * difference;
    }
    seen += values.length;
  });
  return squares / count;
};

/** Measures the model as it stands on one split; null where the split has no rows. */
export type Evaluator = (split: Split) => Evaluation | null;

export const createEvaluator = (plan: TrainingPlan, memory: WebAssembly.Memory, runner: RowRunner): Evaluator => {
  const { evaluation, identityOffset } = plan.layout;
  const floats = new Float32Array(memory.buffer);
  const logits = new Float32Array(memory.buffer, evaluation.answersOffset, evaluation.rows);
  const classes = new Int32Array(memory.buffer, evaluation.answersOffset, evaluation.rows);
  const variances = new Map<Split, number>();

  const weightsOf = (split: Split): Float32Array | null => {
    const { weights } = plan.data[split];
    return weights && (viewOf(memory, weights) as Float32Array);
  };

  const correctIn = (
    labels: Int32Array | Float32Array,
    weights: Float32Array | null,
    first: number,
    rows: number,
  ): number => {
    let correct = 0;
    const byClass = evaluation.kind === "classes";
    for (let row = 0; row < rows; row++) {
      const answer = byClass ? classes[row]! : Number(logits[row]! > 0);
      if (answer === labels[first + row]) correct += weights === null ? 1 : weights[first + row]!;
    }
    return correct;
  };

  const varianceOf = (split: Split): number => {
    const known = variances.get(split);
    if (known !== undefined) return known;
    const { labels } = plan.data[split];
    const eachValues: Parameters<typeof variance>[0] =
      labels === null ? (visit) => runner.eachInputs(split, visit) : (visit) => visit(viewOf(memory, labels));
    const measured = variance(eachValues, weightsOf(split));
    variances.set(split, measured);
    return measured;
  };

  return (split: Split): Evaluation | null => {
    const programs = plan.programIndex.evaluate[split];
    if (!programs) return null;
    const { rows, labels } = plan.data[split];
    const classifies = evaluation.kind === "classes" || evaluation.kind === "logit";
    const answers = classifies && labels ? (viewOf(memory, labels) as Int32Array | Float32Array) : null;
    const weights = weightsOf(split);
    let [loss, squares, correct] = [0, 0, 0];
    const wanted = { split, orderOffset: identityOffset, first: 0, rows };
    askInBatches(plan, memory, runner, programs, wanted, (first, count) => {
      loss += floats[evaluation.lossOffset / 4]! * count;
      squares += floats[evaluation.squaredErrorOffset / 4]! * count;
      if (answers) correct += correctIn(answers, weights, first, count);
    });
    if (answers) return { loss: loss / rows, accuracy: correct / rows, r2: null, meanSquaredError: null };
    const spread = varianceOf(split);
    const meanSquaredError = squares / rows;
    return {
      loss: loss / rows,
      accuracy: null,
      r2: spread > 0 ? 1 - meanSquaredError / spread : null,
      meanSquaredError,
    };
  };
};

/** The metrics' names in a job: `validationLoss`, `testAccuracy`, `testRootMeanSquaredError`, …; errors in the label's own units. */
export const namedMetrics = (prefix: Split, measured: Evaluation, labelScale: number): Record<string, number> => {
  const metrics: Record<string, number> = { [`${prefix}Loss`]: measured.loss };
  if (measured.accuracy !== null) metrics[`${prefix}Accuracy`] = measured.accuracy;
  if (measured.r2 !== null) metrics[`${prefix}R2`] = measured.r2;
  if (measured.meanSquaredError !== null) {
    const own = measured.meanSquaredError * labelScale * labelScale;
    metrics[`${prefix}MeanSquaredError`] = own;
    metrics[`${prefix}RootMeanSquaredError`] = Math.sqrt(own);
  }
  return metrics;
};
