import { assert } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { hasLogLink } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { countLoss } from "../../../src/engine/exact/counts/negative-binomial.ts";
import { exp64, log64 } from "../../../src/engine/kernels/math64.ts";
import { pinballOf } from "../../../src/engine/nn/pinball.ts";
import type { Answers } from "../../../src/engine/train/fitting/collect-answers.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { weighed } from "../../../src/stats/sampling.ts";

/** Below it a probability or a rate in single precision has lost its digits, and at last itself. */
const least = 2 ** -126;
/** And so has one that is this near to 1, of what is left to 1. */
const nearest = 2 ** -24;

interface Scored {
  spec: ResolvedJobSpec;
  preprocessing: Preprocessing;
  /** Of the split: classes' indices, or standardised numbers. */
  labels: Int32Array | Float32Array | Float64Array | null;
  answers: Pick<Answers, "rows"> & { outputs: Float32Array | Float64Array };
  /** Of the rows that were asked about; left out: all count the same. */
  weights?: Float64Array | null;
  /** What their counts are of; left out: of one unit. */
  exposures?: Float64Array | null;
  /** The mean loss of all rows as it was measured, from the linear predictors; undefined: it was not. */
  meanLoss?: number | undefined;
  /** θ of a negative binomial. */
  theta?: number | null | undefined;
  /** Labels and answers are numbers of the data set, not standardised. */
  ownUnits?: boolean;
}

const tensor = (name: string, data: Float32Array): Tensor => ({ name, dtype: "F32", shape: [data.length], data });

/** Whether the loss as measured is the mean of the rows' own −ln p. */
const isPlain = ({ loss }: ResolvedJobSpec): boolean =>
  !("classWeights" in loss) || (loss.classWeights === undefined && loss.labelSmoothing === 0);

/**
 * The rows' losses, of which those that underflowed are known to be large and not how large: they share what is left of the measured mean, so that the rows' mean
 * is the trial's objective.
 */
const withRemainder = (
  { spec, labels, meanLoss, weights }: Scored,
  loss: Float64Array,
  cut: readonly number[],
): Float32Array => {
  const known =
    meanLoss !== undefined && Number.isFinite(meanLoss) && isPlain(spec) && !weights && loss.length === labels?.length;
  if (cut.length > 0 && known) {
    const own = new Set(cut);
    let rest = meanLoss * loss.length;
    for (const [row, value] of loss.entries()) if (!own.has(row)) rest -= value;
    for (const row of cut) loss[row] = Math.max(loss[row]!, rest / cut.length);
  }
  return Float32Array.from(loss);
};

const ofClasses = (scored: Scored, classes: number): Tensor[] => {
  const { spec, labels, answers } = scored;
  const single = spec.loss.type === "binary_cross_entropy";
  const width = single ? 1 : classes;
  const probability = (i: number, label: number): number =>
    single ? (label === 1 ? answers.outputs[i]! : 1 - answers.outputs[i]!) : answers.outputs[i * width + label]!;
  const cut: number[] = [];
  const loss = Float64Array.from(answers.rows, (row, i) => {
    const label = labels![row]!;
    const smallest = single && label !== 1 ? nearest : least;
    const own = probability(i, label);
    if (own < smallest) cut.push(i);
    return -log64(Math.max(smallest, own));
  });
  const hit = Float32Array.from(answers.rows, (row, i) => {
    let best = 0;
    for (let label = 1; label < classes; label++) if (probability(i, label) > probability(i, best)) best = label;
    return best === labels![row] ? 1 : 0;
  });
  return [tensor("loss", withRemainder(scored, loss, cut)), tensor("hit", hit)];
};

/** The loss of one row, from the standardised outputs and truth, as the spec names it. */
const lossOf = ({ spec: { loss }, theta = null }: Scored, outputAt: (j: number) => number, truth: number): number => {
  const predicted = outputAt(0);
  const error = predicted - truth;
  switch (loss.type) {
    case "mean_absolute_error":
      return Math.abs(error);
    case "huber": {
      const size = Math.abs(error);
      return size <= loss.delta ? 0.5 * error * error : loss.delta * (size - 0.5 * loss.delta);
    }
    case "poisson_nll":
      return predicted - truth * log64(Math.max(least, predicted));
    case "negative_binomial_nll":
      return countLoss(truth, Math.max(least, predicted), theta);
    case "gamma_nll": {
      const ratio = truth / Math.max(least, predicted);
      return ratio - log64(ratio);
    }
    case "pinball":
      return pinballOf(loss, truth, outputAt);
    case "gaussian_nll": {
      const second = outputAt(1);
      return 0.5 * (second + error * error * exp64(-second));
    }
    default:
      return error * error;
  }
};

const ofNumbers = (scored: Scored, scale: number): Tensor[] => {
  const { spec, preprocessing, labels, answers, ownUnits = false } = scored;
  const unit = ownUnits ? scale : 1;
  const truth = (row: number): number => labels![row]! / unit;
  const width = preprocessing.outputs;
  const { exposures } = scored;
  const at = (i: number, j: number): number => ((exposures?.[i] ?? 1) * (answers.outputs[i * width + j] ?? 0)) / unit;
  const cut: number[] = [];
  const loss = Float64Array.from(answers.rows, (row, i) => {
    if (hasLogLink(spec.loss) && truth(row) > 0 && at(i, 0) < least) cut.push(i);
    return lossOf(scored, (j) => at(i, j), truth(row));
  });
  const square = Float32Array.from(answers.rows, (row, i) => {
    const error = scale * (at(i, 0) - truth(row));
    return error * error;
  });
  return [tensor("loss", withRemainder(scored, loss, cut)), tensor("square", square)];
};

/** Of each row of a split what objectives are means of: `loss`, and `hit` (1: the right class) or `square` (error squared, in the label's units). */
export const scoreRows = (scored: Scored): Tensor[] | null => {
  const { label } = scored.preprocessing;
  if (label.type === "none") return null;
  assert(scored.labels !== null, "what has a label has labels");
  const scores = label.type === "classes" ? ofClasses(scored, label.classes.length) : ofNumbers(scored, label.scale);
  const { weights } = scored;
  // Of mean 1, so that the mean of the scores is the weighted one.
  return weights
    ? scores.map(({ name, data }) => tensor(name, Float32Array.from(weighed(data as Float32Array, { weights }))))
    : scores;
};
