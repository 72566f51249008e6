import type { Metrics } from "../../domain/jobs/job.ts";
import type { Evaluation } from "./algorithm.ts";
import { ClusteringError, type ClusteringOptions, type ClusteringResult, controls } from "./clustering.ts";
import type { ClusteringPlan } from "./clustering-plan.ts";
import { loadState, saveState, startMeta } from "./clustering-state.ts";
import {
  criteriaOf,
  type Fit,
  reportCriterion,
  reportEnd,
  reportPoint,
  reportProgress,
  reportRun,
  reportTroubled,
  runMetrics,
} from "./fit-progress.ts";
import { createKMeans } from "./k-means/k-means.ts";
import { createGaussianMixture } from "./mixture/gaussian-mixture.ts";
import { blockSize, blockTensors } from "./parameter-block.ts";
import { createWorkspace, type JobMemory } from "./workspace.ts";

/** At most so many points of iterations, however long the job. */
const iterationPoints = 3000;
/** How often the thread's event loop gets a turn. */
const breathMs = 100;

const outcomes = new Map<number, ClusteringResult["outcome"]>([
  [controls.pause, "paused"],
  [controls.cancel, "cancelled"],
  [controls.handBack, "handed_back"],
]);

const sizeFor = ({ plan, space }: Fit, k: number): number => blockSize(plan.task, k, space.points.train.columns);

/**
 * Between runs of one k. The likelihood of a mixture has no upper bound: a component that closes in on rows which agree in something drives it up as far as
 * the regularisation lets it. So a degenerate run never wins over one that is not.
 */
const isBetter = (degenerate: boolean, value: number, bestDegenerate: boolean, bestValue: number): boolean =>
  degenerate === bestDegenerate ? value < bestValue : bestDegenerate;

/** After the last restart for a k: the criterion decides between its best run and the best of the smaller k. */
const endK = (fit: Fit): void => {
  const { meta, space, algorithm } = fit;
  if (meta.candidateObjective !== null) {
    const best = space.blocks.candidate.subarray(0, sizeFor(fit, meta.k));
    space.blocks.current.set(best);
    const criterion = algorithm.criterion(meta.k);
    meta.criteria.push({ k: meta.k, value: criterion });
    reportCriterion(fit, criterion);
    const degenerate = meta.candidateDegenerate;
    // Between numbers of components the criterion alone decides, as is said of it; a degenerate winner is told of.
    if (meta.chosen === null || criterion < meta.chosen.criterion) {
      meta.chosen = { k: meta.k, criterion, degenerate };
      space.blocks.chosen.set(best);
    }
  }
  meta.k += 1;
  meta.restart = 0;
  meta.candidateObjective = null;
};

/** After the last iteration of a run: keeps it if it is the best for its k. */
const endRun = (fit: Fit, evaluation: Evaluation): void => {
  const { meta, space, plan } = fit;
  reportRun(fit, evaluation);
  if (!evaluation.ok) meta.failed += 1;
  else if (evaluation.converged) meta.converged += 1;
  else meta.stopped += 1;
  const best = meta.candidateObjective;
  if (
    evaluation.ok &&
    (best === null || isBetter(evaluation.degenerate, evaluation.objective, meta.candidateDegenerate, best))
  ) {
    meta.candidateObjective = evaluation.objective;
    meta.candidateDegenerate = evaluation.degenerate;
    space.blocks.candidate.set(space.blocks.current.subarray(0, sizeFor(fit, meta.k)));
  }
  meta.restart += 1;
  meta.iteration = 0;
  meta.objective = null;
  if (meta.restart === plan.task.restarts) endK(fit);
};

/** Runs the start or the next iteration of the running run, and ends the run when that was its last. */
const advance = (fit: Fit, pointEverySteps: number): void => {
  const { meta, algorithm, plan } = fit;
  const evaluation =
    meta.objective === null ? algorithm.begin(meta.k, meta.restart) : algorithm.iterate(meta.k, meta.objective);
  meta.step += 1;
  meta.iteration += 1;
  meta.objective = evaluation.ok ? evaluation.objective : null;
  const last = !evaluation.ok || evaluation.converged || meta.iteration > plan.task.iterations;
  if (last || meta.step % pointEverySteps === 0) reportPoint(fit);
  if (last) endRun(fit, evaluation);
  reportProgress(fit);
};

const finish = (fit: Fit): Omit<ClusteringResult, "state"> => {
  const { meta, space, plan, algorithm } = fit;
  const { converged: convergedRuns, stopped: stoppedRuns, failed: failedRuns } = meta;
  reportTroubled(fit);
  if (meta.chosen === null) {
    const { regularization } = plan.task;
    throw new ClusteringError(
      "no run ended well: the covariance of a component was not positive definite each time",
      `raise model.regularization (now ${regularization}), choose fewer components, or a covariance with fewer parameters`,
      { failedRuns, regularization },
    );
  }
  const { k } = meta.chosen;
  const block = Float64Array.from(space.blocks.chosen.subarray(0, sizeFor(fit, k)));
  space.blocks.current.set(block);
  const metrics: Metrics = { ...algorithm.metrics(k), convergedRuns, stoppedRuns, failedRuns };
  if (space.points.validation.rows > 0) metrics.validationLoss = algorithm.loss(k, "validation");
  if (space.points.test.rows > 0) metrics.testLoss = algorithm.loss(k, "test");
  reportEnd(fit);
  const tensors = blockTensors(plan.task, block, k, space.points.train.columns);
  return { outcome: "finished", metrics, tensors, criteria: criteriaOf(fit), degenerate: meta.chosen.degenerate };
};

const createFit = (plan: ClusteringPlan, memory: JobMemory, options: ClusteringOptions): Fit => {
  const space = createWorkspace(plan, memory, options.kernels);
  const algorithm =
    plan.task.model === "k_means"
      ? createKMeans(space)
      : createGaussianMixture(plan.task, space, options.logScale ?? 0);
  space.prepareSilhouette();
  const meta = options.resume ? loadState(plan.task, space, options.resume) : startMeta(plan.task);
  if (meta.objective !== null) algorithm.resume(meta.k);
  const startedMs = options.nowMs() - meta.computedMs;
  return { plan, space, algorithm, meta, options, computedMs: () => options.nowMs() - startedMs };
};

/**
 * Fits k-means or a Gaussian mixture to the standardised training rows that lie in `memory` where the plan says, on the calling thread.
 *
 * Every number of clusters of the task is started `restarts` times and iterated to convergence; the best run by the objective stands for its k, and the best
 * k by the criterion is the result: `centroids` [k, d], or `weights` [k], `means` [k, d] and `covariances`. The bits depend on plan and data alone, and not
 * on where a fit was cut and resumed. The control word is read between two iterations. Throws ClusteringError when no run ends well.
 */
export const fitClustering = async (
  plan: ClusteringPlan,
  memory: JobMemory,
  options: ClusteringOptions,
): Promise<ClusteringResult> => {
  const fit = createFit(plan, memory, options);
  const { meta, space } = fit;
  const save = () => {
    meta.computedMs = fit.computedMs();
    return saveState(plan.task, space, meta);
  };
  const pointEverySteps = Math.max(1, Math.ceil(plan.steps / iterationPoints));
  let breathedMs = options.nowMs();
  let saveDueMs = breathedMs + (options.firstCheckpointMs ?? options.checkpointEveryMs);
  while (meta.k <= plan.task.to) {
    const outcome = outcomes.get(Atomics.load(options.control, 0));
    if (outcome)
      return { outcome, metrics: runMetrics(fit), state: save(), tensors: [], criteria: [], degenerate: false };
    advance(fit, pointEverySteps);
    const now = options.nowMs();
    if (now - breathedMs >= breathMs) {
      await new Promise((resume) => setImmediate(resume));
      breathedMs = options.nowMs();
    }
    if (options.onCheckpoint && now >= saveDueMs && meta.k <= plan.task.to) {
      await options.onCheckpoint(save());
      saveDueMs = options.nowMs() + options.checkpointEveryMs;
    }
  }
  return { ...finish(fit), state: save() };
};
