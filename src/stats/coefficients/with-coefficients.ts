import type { PreparedArrays } from "../../data/preprocessing/prepare.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../domain/models/model.ts";
import type { Report } from "../../domain/models/report.ts";
import { reportCoefficients } from "./coefficients.ts";
import type { InputRows } from "./input-rows.ts";
import type { LinearFit } from "./linear-fit.ts";
import { describeTrainingFit } from "./training-fit.ts";

/** The loss that is the negative log-likelihood of a linear model, without weights or smoothing: only then is the Fisher information what errors come from. */
const isOwnLoss = ({ model, loss, training, base }: ResolvedJobSpec): boolean => {
  if (training.l1 > 0 || (base?.freeze ?? []).length > 0) return false;
  if (model.type === "linear") return loss.type === "mean_squared_error";
  if (model.type === "poisson") return loss.type === "poisson_nll";
  if (model.type === "gamma" || model.type === "negative_binomial") return true;
  return "classWeights" in loss || "labelSmoothing" in loss
    ? loss.classWeights === undefined && loss.labelSmoothing === 0
    : false;
};

/** A trained model, and what it was trained on. */
interface Trained {
  spec: ResolvedJobSpec;
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  /** The training rows' inputs, where they do not lie in the arrays. */
  inputs?: InputRows | undefined;
  /** The output layer's weights and bias by name. */
  tensorOf: (name: string) => Float32Array | Float64Array | null;
  /** Without a penalty its coefficients would have no finite estimate. */
  separated: boolean;
  /** And has none, as nothing else holds them. */
  unbounded: boolean;
  /** θ of a negative binomial. */
  theta?: number | null;
}

const listed: readonly string[] = ["linear", "logistic", "softmax", "poisson", "gamma", "negative_binomial"];
const isListed = (type: string): type is LinearFit["model"] => listed.includes(type);

/** A linear model as it was trained; null where the model is another, or its loss not its own likelihood. */
const linearFitOf = ({ spec, preprocessing, tensorOf, ...trained }: Trained): LinearFit | null => {
  const { train } = trained.arrays;
  const { type } = spec.model;
  if (!isListed(type)) return null;
  const [weight, bias] = [tensorOf("output.weight"), tensorOf("output.bias")];
  if (!isOwnLoss(spec) || train.labels === null || weight === null || bias === null) return null;
  // Pixels have thousands of weights, none of which means anything by itself.
  if (preprocessing.features.some((feature) => feature.type === "image")) return null;
  const { labels, weights, offsets } = train;
  const { inputs: features = train.features, separated, unbounded, theta = null } = trained;
  return {
    ...{ model: type, preprocessing, features, labels, weights, offsets, weight, bias },
    ...{ l2: spec.training.l2, separated, unbounded, theta },
  };
};

/** The report with the coefficients of a linear model, if it is one. */
export const withCoefficients = (report: Report, trained: Trained): Report => {
  if (report.task !== "classification" && report.task !== "regression") return report;
  const fit = linearFitOf(trained);
  if (fit === null) return report;
  const { coefficients, notes } = reportCoefficients(fit);
  return { ...report, coefficients, trainingFit: describeTrainingFit(fit), notes: [...report.notes, ...notes] };
};
