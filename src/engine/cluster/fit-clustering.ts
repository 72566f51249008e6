import type { JobError, JobEvent, MetricPoint, Metrics } from "../../domain/job.ts";
import type { ClusteringAlgorithm, Evaluation } from "./algorithm.ts";
import type { ClusteringPlan } from "./clustering-plan.ts";
import {
  type ClusteringCheckpoint,
  type ClusteringState,
  loadCheckpoint,
  saveCheckpoint,
  startState,
} from "./clustering-state.ts";
import { createGaussianMixture } from "./gaussian-mixture.ts";
import { createKMeans } from "./k-means.ts";
import { blockSize, blockTensors, type ClusterTensor } from "./parameter-block.ts";
import { createWorkspace, type JobMemory, type Workspace } from "./workspace.ts";

/** What others want of a running fit; read between two iterations. */
export type ClusteringRequest = "continue" | "checkpoint" | "pause" | "cancel" | "hand_back";

export interface ClusteringHooks {
  onPoint?(point: MetricPoint): void;
  onEvent?(event: Pick<JobEvent, "level" | "type" | "message" | "data">): void;
  /** From 0 to 1. */
  onProgress?(progress: number): void;
  /** At a request for one, and before a pause or a hand-back. */
  onCheckpoint?(checkpoint: ClusteringCheckpoint): void;
}

export interface ClusteringOptions extends ClusteringHooks {
  /** Σⱼ ln scaleⱼ of the inputs that were divided by a scale: densities are then those of the original units. 0 if left out. */
  readonly logScale?: number;
  readonly resume?: ClusteringCheckpoint;
  request?(): ClusteringRequest;
  /** Seconds on any clock; 0 always if left out. */
  seconds?(): number;
}

export type ClusteringResult =
  | {
      readonly outcome: "completed";
      readonly tensors: readonly ClusterTensor[];
      readonly metrics: Metrics;
      readonly steps: number;
    }
  | { readonly outcome: "paused" | "cancelled" | "handed_back"; readonly steps: number }
  | { readonly outcome: "failed"; readonly error: JobError; readonly steps: number };

/** At most so many points of iterations, however long the job. */
const iterationPoints = 3000;

const outcomes = { pause: "paused", cancel: "cancelled", hand_back: "handed_back" } as const;

/** One fit under way: its plan, memory, state and listeners. */
interface Fit {
  readonly plan: ClusteringPlan;
  readonly space: Workspace;
  readonly algorithm: ClusteringAlgorithm;
  readonly state: ClusteringState;
  readonly options: ClusteringOptions;
  readonly seconds: () => number;
}

const runsOf = ({ task }: ClusteringPlan): number => (task.to - task.from + 1) * task.restarts;

/** Objective per row, as a loss: mean squared distance, or −ln p in the original units. */
const lossOf = ({ plan, options }: Fit, objective: number): number =>
  objective / plan.data.train.rows + (plan.task.model === "gaussian_mixture" ? (options.logScale ?? 0) : 0);

const reportPoint = (fit: Fit, metrics: Metrics): void => {
  const { state, options } = fit;
  options.onPoint?.({
    epoch: state.step,
    step: state.step,
    seconds: fit.seconds(),
    learningRate: 0,
    gradientNorm: 0,
    trainLoss: lossOf(fit, state.objective!),
    metrics: { k: state.k, restart: state.restart, iteration: state.iteration, ...metrics },
    layers: [],
  });
};

const reportProgress = (fit: Fit): void => {
  const { task } = fit.plan;
  const { state } = fit;
  const run = (state.k - task.from) * task.restarts + state.restart;
  fit.options.onProgress?.(Math.min(1, (run + state.iteration / (task.iterations + 1)) / runsOf(fit.plan)));
};

/** After the last restart for a k: the criterion decides between its best run and the best of the smaller k. */
const endK = (fit: Fit): void => {
  const { state, space, plan, algorithm, options } = fit;
  if (state.candidateObjective !== null) {
    const size = blockSize(plan.task, state.k, space.points.train.columns);
    space.blocks.current.set(space.blocks.candidate.subarray(0, size));
    const criterion = algorithm.criterion(state.k);
    if (plan.task.from < plan.task.to) {
      const data = {
        k: state.k,
        loss: lossOf(fit, state.candidateObjective),
        ...(plan.task.model === "k_means" ? { silhouette: -criterion } : { bic: criterion }),
      };
      const name = plan.task.model === "k_means" ? `silhouette ${-criterion}` : `BIC ${criterion}`;
      options.onEvent?.({ level: "info", type: "k_evaluated", message: `k = ${state.k}: ${name}`, data });
    }
    if (state.chosen === null || criterion < state.chosen.criterion) {
      state.chosen = { k: state.k, criterion };
      space.blocks.chosen.set(space.blocks.candidate.subarray(0, size));
    }
  }
  state.k += 1;
  state.restart = 0;
  state.candidateObjective = null;
};

/** After the last iteration of a run: keeps it if it is the best for its k. */
const endRun = (fit: Fit, evaluation: Evaluation): void => {
  const { state, space, plan, options } = fit;
  const run = { k: state.k, restart: state.restart, iterations: state.iteration };
  if (evaluation.ok) {
    if (evaluation.converged) state.converged += 1;
    else state.stopped += 1;
    if (state.candidateObjective === null || evaluation.objective < state.candidateObjective) {
      state.candidateObjective = evaluation.objective;
      space.blocks.candidate.set(
        space.blocks.current.subarray(0, blockSize(plan.task, state.k, space.points.train.columns)),
      );
    }
    if (evaluation.emptyClusters > 0) {
      const message = `k = ${state.k}: ${evaluation.emptyClusters} clusters stay empty: there are fewer distinct rows than clusters`;
      options.onEvent?.({
        level: "warn",
        type: "empty_clusters",
        message,
        data: { ...run, empty: evaluation.emptyClusters },
      });
    }
  } else {
    state.failed += 1;
    const message = `run ${state.restart} with k = ${state.k} ended: the covariance of component ${evaluation.component} is not positive definite`;
    options.onEvent?.({
      level: "warn",
      type: "covariance_not_positive_definite",
      message,
      data: { ...run, component: evaluation.component },
    });
  }
  state.restart += 1;
  state.iteration = 0;
  state.objective = null;
  if (state.restart === plan.task.restarts) endK(fit);
};

/** Runs the next iteration (or start) of the running run, and ends the run when that was its last. */
const advance = (fit: Fit, everySteps: number): void => {
  const { state, algorithm, plan } = fit;
  const evaluation =
    state.objective === null ? algorithm.begin(state.k, state.restart) : algorithm.iterate(state.k, state.objective);
  state.step += 1;
  state.iteration += 1;
  state.objective = evaluation.ok ? evaluation.objective : null;
  const last = !evaluation.ok || evaluation.converged || state.iteration > plan.task.iterations;
  if (evaluation.ok && (last || state.step % everySteps === 0)) reportPoint(fit, {});
  if (last) endRun(fit, evaluation);
  reportProgress(fit);
};

const failure = (fit: Fit): ClusteringResult => ({
  outcome: "failed",
  error: {
    code: "diverged",
    message: "no run ended: the covariance of a component was not positive definite each time",
    hint: `raise model.regularization (now ${fit.plan.task.regularization}), choose fewer components, or a covariance with fewer parameters`,
  },
  steps: fit.state.step,
});

const finish = (fit: Fit): ClusteringResult => {
  const { state, space, plan, algorithm, options } = fit;
  if (state.chosen === null) return failure(fit);
  const { k } = state.chosen;
  const d = space.points.train.columns;
  const size = blockSize(plan.task, k, d);
  space.blocks.current.set(space.blocks.chosen.subarray(0, size));
  const metrics: Metrics = {
    ...algorithm.metrics(k),
    convergedRuns: state.converged,
    stoppedRuns: state.stopped,
    failedRuns: state.failed,
  };
  if (space.points.validation.rows > 0) metrics.validationLoss = algorithm.loss(k, "validation");
  if (space.points.test.rows > 0) metrics.testLoss = algorithm.loss(k, "test");
  if (state.converged === 0) {
    const message = `no run converged within ${plan.task.iterations} iterations; raise training.epochs`;
    options.onEvent?.({ level: "warn", type: "not_converged", message, data: { iterations: plan.task.iterations } });
  }
  const block = Float64Array.from(space.blocks.chosen.subarray(0, size));
  return { outcome: "completed", tensors: blockTensors(plan.task, block, k, d), metrics, steps: state.step };
};

/**
 * Fits k-means or a Gaussian mixture to the standardised training rows that lie in `memory` where the plan says, on the calling thread.
 *
 * Every number of clusters of the task is started `restarts` times and iterated to convergence; the best run by the objective stands for its k, and the best
 * k by the criterion is the result: `centroids` [k, d], or `weights` [k], `means` [k, d] and `covariances`. The bits depend on plan and data alone, and not
 * on where a fit was cut and resumed. Requests are looked for between two iterations.
 */
export const fitClustering = (
  plan: ClusteringPlan,
  memory: JobMemory,
  options: ClusteringOptions = {},
): ClusteringResult => {
  const space = createWorkspace(plan, memory);
  const algorithm =
    plan.task.model === "k_means"
      ? createKMeans(space)
      : createGaussianMixture(plan.task, space, options.logScale ?? 0);
  space.prepareSilhouette();
  const state = options.resume ? loadCheckpoint(plan.task, space, options.resume) : startState(plan.task);
  if (state.objective !== null) algorithm.resume(state.k);
  const clock = options.seconds ?? (() => 0);
  const startedAt = clock() - state.seconds;
  const fit: Fit = { plan, space, algorithm, state, options, seconds: () => clock() - startedAt };
  const everySteps = Math.max(1, Math.ceil(plan.steps / iterationPoints));
  while (state.k <= plan.task.to) {
    const request = options.request?.() ?? "continue";
    if (request !== "continue" && request !== "cancel") {
      state.seconds = fit.seconds();
      options.onCheckpoint?.(saveCheckpoint(plan.task, space, state));
    }
    if (request !== "continue" && request !== "checkpoint") return { outcome: outcomes[request], steps: state.step };
    advance(fit, everySteps);
  }
  return finish(fit);
};
