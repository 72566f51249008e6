import type { PreparedArrays } from "../../src/data/preprocessing/prepare.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Report } from "../../src/domain/models/report.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { reportCoefficients } from "../../src/stats/coefficients/coefficients.ts";
import type { LinearFit } from "../../src/stats/coefficients/linear-fit.ts";
import { describeTrainingFit } from "../../src/stats/coefficients/training-fit.ts";

/** The loss that is the negative log-likelihood of a linear model, without weights or smoothing: only then is the Fisher information what errors come from. */
const isOwnLoss = ({ model, loss, training, base }: ResolvedJobSpec): boolean => {
  if (training.l1 > 0 || (base?.freeze ?? []).length > 0) return false;
  if (model.type === "linear") return loss.type === "mean_squared_error";
  if (model.type === "poisson") return loss.type === "poisson_nll";
  return "classWeights" in loss || "labelSmoothing" in loss
    ? loss.classWeights === undefined && loss.labelSmoothing === 0
    : false;
};

const floatsOf = (tensors: readonly Tensor[], name: string): Float32Array | null => {
  const data = tensors.find((tensor) => tensor.name === name)?.data;
  return data instanceof Float32Array ? data : null;
};

/** A linear model as it was trained; null where the model is another, or its loss not its own likelihood. */
const linearFitOf = (
  spec: ResolvedJobSpec,
  preprocessing: Preprocessing,
  { train }: PreparedArrays,
  tensors: readonly Tensor[],
): LinearFit | null => {
  const { type } = spec.model;
  if (type !== "linear" && type !== "logistic" && type !== "softmax" && type !== "poisson") return null;
  const [weight, bias] = [floatsOf(tensors, "output.weight"), floatsOf(tensors, "output.bias")];
  if (!isOwnLoss(spec) || train.labels === null || weight === null || bias === null) return null;
  const { features, labels } = train;
  return { model: type, preprocessing, features, labels, weight, bias, l2: spec.training.l2 };
};

/** The report with the coefficients of a linear model, if it is one. */
export const withCoefficients = (
  report: Report,
  spec: ResolvedJobSpec,
  preprocessing: Preprocessing,
  arrays: PreparedArrays,
  tensors: readonly Tensor[],
): Report => {
  if (report.task !== "classification" && report.task !== "regression") return report;
  const fit = linearFitOf(spec, preprocessing, arrays, tensors);
  if (fit === null) return report;
  const { coefficients, notes } = reportCoefficients(fit);
  return { ...report, coefficients, trainingFit: describeTrainingFit(fit), notes: [...report.notes, ...notes] };
};
