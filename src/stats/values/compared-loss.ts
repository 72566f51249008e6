import { isOfCounts, type LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import type { Comparison } from "../../domain/models/comparison.ts";
import type { ReportNote } from "../../domain/models/report.ts";
import { pinball } from "../regression-report.ts";

/** What rows are compared by: less is better, never below 0. */
export interface ComparedLoss {
  readonly measure: Exclude<Comparison["measure"], "log_likelihood">;
  of(truth: number, predicted: number): number;
}

const least = 2 ** -126;
/** Rounding may leave a hair of the other sign. */
const deviance = (half: number): number => Math.max(0, 2 * half);

export const ofSquares: ComparedLoss = { measure: "squared_error", of: (y, mean) => (y - mean) ** 2 };

const ofDistances: ComparedLoss = { measure: "absolute_error", of: (y, predicted) => Math.abs(y - predicted) };

/** Unit deviances (McCullagh & Nelder 1989, table 2.1 and section 6.2.3): twice what the log-likelihood falls short of that of the truth. */
const ofPoisson: ComparedLoss = {
  measure: "poisson_deviance",
  of: (y, mean) => {
    const rate = Math.max(mean, least);
    return deviance((y === 0 ? 0 : y * Math.log(y / rate)) - (y - rate));
  },
};

const ofGamma: ComparedLoss = {
  measure: "gamma_deviance",
  of: (y, mean) => {
    const ratio = y / Math.max(mean, least);
    return deviance(ratio - 1 - Math.log(ratio));
  },
};

const ofNegativeBinomial = (theta: number): ComparedLoss => ({
  measure: "negative_binomial_deviance",
  of: (y, mean) => {
    const rate = Math.max(mean, least);
    return deviance((y === 0 ? 0 : y * Math.log(y / rate)) - (y + theta) * Math.log1p((y - rate) / (rate + theta)));
  },
});

const ownLoss = (loss: LossSpec, theta: number | null): ComparedLoss => {
  switch (loss.type) {
    case "mean_absolute_error":
      return ofDistances;
    case "pinball":
      return { measure: "pinball", of: (truth, predicted) => pinball(loss.quantile, truth, predicted) };
    case "poisson_nll":
      return ofPoisson;
    case "gamma_nll":
      return ofGamma;
    case "negative_binomial_nll":
      return theta === null ? ofPoisson : ofNegativeBinomial(theta);
    default:
      return ofSquares;
  }
};

/** Labels that some rows have and the loss is not of; null: there are none. */
const foreignLabels = ({ measure }: ComparedLoss, truths: readonly number[]): string | null => {
  switch (measure) {
    case "gamma_deviance":
      return truths.every((y) => y > 0) ? null : "of 0 or below";
    case "poisson_deviance":
    case "negative_binomial_deviance":
      return truths.every((y) => y >= 0) ? null : "below 0";
    default:
      return null;
  }
};

/** ρ of the median is half of the absolute error. */
const isOfMedian = (loss: LossSpec): boolean =>
  loss.type === "mean_absolute_error" || (loss.type === "pinball" && loss.quantile === 0.5);

const named = (loss: LossSpec): string =>
  loss.type === "pinball" ? `"pinball" of ${loss.quantile}` : JSON.stringify(loss.type);

/**
 * What models are compared by that predict numbers: their own loss where all have the same (of Huber's the squared error), the absolute error where all are of medians, the deviance of counts where all are of counts, else the squared error.
 * @param thetas of negative binomial models, null where it is not known or the model is Poisson's; several are compared by the first, and a note says so
 */
export const comparedLoss = (
  losses: readonly LossSpec[],
  thetas: readonly (number | null)[],
  truths: ArrayLike<number>,
): { loss: ComparedLoss; notes: readonly ReportNote[] } => {
  const theta = thetas.find((each) => each !== null) ?? null;
  const kinds = [...new Set(losses.map(named))];
  const [first] = losses;
  const squared = (message: string) => ({
    loss: ofSquares,
    notes: [{ code: "common_loss", message: `${message}: the measure is the squared error, which means make least` }],
  });
  if (first === undefined) return { loss: ofSquares, notes: [] };
  const values = Array.from(truths);
  const shared = (loss: ComparedLoss, notes: readonly ReportNote[]) => {
    const foreign = foreignLabels(loss, values);
    return foreign === null
      ? { loss, notes }
      : squared(`some rows have a label ${foreign}, of which ${named(first)} is not`);
  };
  if (kinds.length === 1) {
    const others = new Set(thetas).size > 1;
    const which = thetas.includes(null)
      ? "the models have different θ, or none (their counts vary no more than Poisson's)"
      : "the models have different θ";
    const message = `${which}: the deviance is that of θ = ${Number(theta?.toPrecision(4))}, of the first of them that has one, for all`;
    return shared(ownLoss(first, theta), others ? [{ code: "common_loss", message }] : []);
  }
  if (losses.every(isOfMedian)) return { loss: ofDistances, notes: [] };
  const list = kinds.join(", ");
  if (losses.every(isOfCounts)) {
    const message = `the models learnt by different losses (${list}): the measure is the Poisson deviance for all`;
    return shared(ofPoisson, [{ code: "common_loss", message }]);
  }
  return squared(`the models learnt by different losses (${list})`);
};
