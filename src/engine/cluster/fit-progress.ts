import type { Metrics } from "../../domain/jobs/job.ts";
import type { ClusteringAlgorithm, Evaluation } from "./algorithm.ts";
import type { ClusteringOptions, ClusteringResult } from "./clustering.ts";
import type { ClusteringPlan } from "./clustering-plan.ts";
import type { ClusteringMeta } from "./clustering-state.ts";
import type { Workspace } from "./workspace.ts";

/** One fit under way: its plan, memory, position and listeners. */
export interface Fit {
  readonly plan: ClusteringPlan;
  readonly space: Workspace;
  readonly algorithm: ClusteringAlgorithm;
  readonly meta: ClusteringMeta;
  readonly options: ClusteringOptions;
  /** Milliseconds of computing since the job's first start. */
  readonly computedMs: () => number;
}

/** Objective per row, as a loss: mean squared distance, or −ln p in the original units. */
const lossOf = ({ plan, options }: Fit, objective: number): number =>
  objective / plan.data.train.rows + (plan.task.model === "gaussian_mixture" ? (options.logScale ?? 0) : 0);

/** The latest values of the running run. */
export const runMetrics = (fit: Fit): Metrics => {
  const { k, restart, iteration, objective } = fit.meta;
  return { k, restart, iteration, ...(objective === null ? {} : { trainLoss: lossOf(fit, objective) }) };
};

export const reportPoint = (fit: Fit): void => {
  const { meta, options } = fit;
  if (meta.objective === null) return;
  options.onPoint?.({
    epoch: meta.step,
    step: meta.step,
    seconds: fit.computedMs() / 1000,
    learningRate: 0,
    gradientNorm: 0,
    trainLoss: lossOf(fit, meta.objective),
    metrics: runMetrics(fit),
    layers: [],
  });
};

export const reportProgress = (fit: Fit): void => {
  const { task } = fit.plan;
  const runs = (task.to - task.from + 1) * task.restarts;
  const run = (fit.meta.k - task.from) * task.restarts + fit.meta.restart;
  fit.options.onProgress?.(Math.min(1, (run + fit.meta.iteration / (task.iterations + 1)) / runs));
};

const notPositiveDefinite = "covariance_not_positive_definite";
const emptyClusters = "empty_clusters";

/** Counts a run that is worth a word. Only the first of its kind gets one at once: a hundred restarts would push all else out of the job's event log. */
const isFirst = ({ meta }: Fit, type: string): boolean => {
  meta.troubled ??= {};
  const known = meta.troubled[type];
  meta.troubled[type] = { runs: (known?.runs ?? 0) + 1, from: known?.from ?? meta.k, to: meta.k };
  return known === undefined;
};

/** What a run of one k ended with, where it is worth a word. */
export const reportRun = (fit: Fit, evaluation: Evaluation): void => {
  const { meta, options } = fit;
  const run = { k: meta.k, restart: meta.restart, iterations: meta.iteration };
  if (!evaluation.ok && isFirst(fit, notPositiveDefinite)) {
    options.onEvent?.({
      level: "warn",
      type: notPositiveDefinite,
      message: `run ${meta.restart} with k = ${meta.k} ended: the covariance of component ${evaluation.component} is not positive definite`,
      data: { ...run, component: evaluation.component },
    });
  } else if (evaluation.ok && evaluation.emptyClusters > 0 && isFirst(fit, emptyClusters)) {
    options.onEvent?.({
      level: "warn",
      type: emptyClusters,
      message: `k = ${meta.k}: ${evaluation.emptyClusters} clusters stay empty: there are fewer distinct rows than clusters`,
      data: { ...run, empty: evaluation.emptyClusters },
    });
  }
};

/** How many runs went the way that the first one's warning tells, if there were others. */
export const reportTroubled = ({ plan, meta, options }: Fit): void => {
  const runs = (plan.task.to - plan.task.from + 1) * plan.task.restarts;
  for (const type of [notPositiveDefinite, emptyClusters] as const) {
    const troubled = meta.troubled?.[type];
    if (troubled === undefined || troubled.runs < 2) continue;
    const { from, to } = troubled;
    const what =
      type === emptyClusters ? "had empty clusters" : "ended with a covariance that is not positive definite";
    const where = from === to ? `k = ${from}` : `k from ${from} to ${to}`;
    const message = `${troubled.runs} of ${runs} runs ${what} (${where})`;
    options.onEvent?.({ level: "warn", type, message, data: { ...troubled, of: runs } });
  }
};

/** The criterion under the name and sign that people know it by: a silhouette is best when large. */
const namedCriterion = ({ plan }: Fit, value: number): { criterion: "bic" | "silhouette"; value: number } =>
  plan.task.model === "k_means" ? { criterion: "silhouette", value: -value } : { criterion: "bic", value };

/** What the choice of k went by, for each k of a range; none where there was nothing to choose. */
export const criteriaOf = (fit: Fit): ClusteringResult["criteria"] =>
  fit.plan.task.from === fit.plan.task.to
    ? []
    : fit.meta.criteria.map(({ k, value }) => ({ k, ...namedCriterion(fit, value) }));

/** What the choice of k goes by, for each k of a range. */
export const reportCriterion = (fit: Fit, criterion: number): void => {
  const { plan, meta, options } = fit;
  if (plan.task.from === plan.task.to) return;
  const { criterion: name, value } = namedCriterion(fit, criterion);
  options.onEvent?.({
    level: "info",
    type: "k_evaluated",
    message: `k = ${meta.k}: ${name} ${value}`,
    data: { k: meta.k, [name]: value, loss: lossOf(fit, meta.candidateObjective!) },
  });
};

/** @param k components; with one there are none to collapse, and no fewer to use */
export const degenerateMessage = (k: number): string =>
  k === 1
    ? "the covariance is nearly singular: inputs determine each other or hardly vary, so that densities, and the BIC, say little; raise model.regularization or leave such columns out"
    : "a component has collapsed onto a few rows, or inputs determine each other: densities there, and the BIC, say little; raise model.regularization or use fewer components";

export const reportEnd = ({ plan, meta, options }: Fit): void => {
  if (meta.chosen?.degenerate) {
    options.onEvent?.({
      level: "warn",
      type: "degenerate_component",
      message: degenerateMessage(meta.chosen.k),
      data: { k: meta.chosen.k, regularization: plan.task.regularization },
    });
  }
  if (meta.converged > 0) return;
  const { iterations } = plan.task;
  const message = `no run converged within ${iterations === 1 ? "1 iteration" : `${iterations} iterations`}; raise training.epochs`;
  options.onEvent?.({ level: "warn", type: "not_converged", message, data: { iterations } });
};
