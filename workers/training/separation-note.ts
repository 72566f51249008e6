import { inputName } from "../../src/data/preprocessing/input-names.ts";
import type { SplitArrays } from "../../src/data/preprocessing/prepare.ts";
import type { Metrics } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Estimate } from "../../src/domain/models/estimate.ts";
import type { Preprocessing } from "../../src/domain/models/model.ts";
import type { Report, ReportNote } from "../../src/domain/models/report.ts";
import { findDivergence } from "../../src/stats/coefficients/divergence.ts";
import type { InputRows } from "../../src/stats/coefficients/input-rows.ts";
import { findSeparatedZeros, findSeparation } from "../../src/stats/separation.ts";

/** What of the training rows a linear model could follow for ever; null: nothing was found. */
const separationOf = (
  { model }: ResolvedJobSpec,
  preprocessing: Preprocessing,
  { train, features = train.features }: { train: SplitArrays; features?: InputRows },
  metrics: Metrics,
  atRest: boolean,
): string | null => {
  const { label, inputs } = preprocessing;
  if (train.labels === null) return null;
  const rows = { features, inputs, labels: train.labels };
  if (model.type === "poisson") {
    const input = findSeparatedZeros(rows);
    if (input !== null) return `${inputName(preprocessing, input)} has only counts of 0 on one side`;
    const names = atRest ? null : findDivergence({ ...rows, preprocessing, model: "poisson" });
    return names === null ? null : `${list(names)} together have only counts of 0 on one side`;
  }
  if (label.type !== "classes" || (model.type !== "logistic" && model.type !== "softmax")) return null;
  const found = findSeparation(rows, label.classes.length);
  if (found !== null) {
    const name = JSON.stringify(label.classes[found.class]);
    return `${inputName(preprocessing, found.input)} alone tells ${name} from the other classes`;
  }
  // A linear model that is right in every row is itself the proof.
  if (metrics.trainAccuracy === 1) return "the features together tell the classes apart";
  const names = atRest ? null : findDivergence({ ...rows, preprocessing, model: model.type });
  return names === null ? null : `${list(names)} together tell classes apart, at least in some rows, for certain`;
};

const list = (names: readonly string[]): string => {
  const quoted = names.map((name) => JSON.stringify(name));
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
};

/** Whether the spec holds the weights back at all. */
const isPenalised = ({ training, optimizer }: ResolvedJobSpec): boolean =>
  training.l1 > 0 || training.l2 > 0 || (optimizer.type === "adamw" && optimizer.weightDecay > 0);

/** The note of a generalised linear model whose coefficients have no finite estimate, or have one only by the penalty. */
export const separationNote = (
  spec: ResolvedJobSpec,
  preprocessing: Preprocessing,
  /** `features` of the training rows, where they do not lie in the arrays. */
  arrays: { train: SplitArrays; features?: InputRows },
  metrics: Metrics,
  /** Whether the likelihood is known to have its maximum. */
  atRest = false,
): { note: ReportNote; penalised: boolean } | null => {
  const separation = separationOf(spec, preprocessing, arrays, metrics, atRest);
  if (separation === null) return null;
  const penalised = isPenalised(spec);
  const consequence = penalised
    ? "only the penalty keeps the coefficients finite, and their size is of its making: errors and intervals are those of the prior that the penalty stands for, and there is no test or p value"
    : "without a penalty the coefficients have no finite estimate, so that none is given, nor standard errors, intervals (of the log-likelihood neither), p values, AIC or BIC; set training.l2, or leave the feature out if it gives the answer away";
  const message = `the training rows are separated, ${separation}: ${consequence}`;
  return { note: { code: "separated", message }, penalised };
};

/**
 * Of a fit that follows separated rows without end the likelihood goes to where the iterations happened to stop, and the rows that are all certain have no spread to tell how
 * sure it is: the values stay, without intervals.
 */
export const withoutSpread = (report: Report): void => {
  if (report.task !== "classification" && report.task !== "regression") return;
  const bare = (estimate: Estimate | null): Estimate | null => estimate && { ...estimate, lower: null, upper: null };
  report.logLikelihood = bare(report.logLikelihood);
  report.devianceExplained = bare(report.devianceExplained);
};
