import type { ClusteringAlgorithm, Evaluation } from "../algorithm.ts";
import type { ClusteringTask } from "../clustering-plan.ts";
import { startCentroids } from "../k-means/k-means-start.ts";
import { assignRows, moveCentroids } from "../k-means/lloyd.ts";
import { blockMixture } from "../parameter-block.ts";
import type { Workspace } from "../workspace.ts";
import { type WeightsOf, weighedBlocks } from "./covariance-form.ts";
import {
  akaikeCriterion,
  bayesianCriterion,
  covarianceForms,
  expect,
  freeParameters,
  hardWeights,
  maximise,
  mostResponsible,
  weightsAfter,
} from "./expectation-maximisation.ts";

/** Lloyd iterations of a start: enough to leave poor corners, few enough that restarts still differ. */
const startIterations = 10;
/** EM has converged when an iteration changes the mean log-likelihood of a row by less. */
export const tolerance = 1e-6;
/** A component whose least variance is below so many times the regularisation has collapsed onto rows that agree in something. */
const degenerateShare = 10;

/**
 * A mixture of k Gaussians, p(x) = Σ_c w_c N(x | μ_c, Σ_c), by expectation-maximisation (Dempster, Laird & Rubin 1977) in log space from a k-means++ start.
 * Of a range of k, the one with the lowest BIC is chosen. `logScale` is Σⱼ ln scaleⱼ of the features' standardisation: likelihoods and criteria are
 * reported for the features in their original units, ln p(x) = ln p(z) − logScale.
 */
export const createGaussianMixture = (
  task: ClusteringTask,
  space: Workspace,
  logScale: number,
): ClusteringAlgorithm => {
  const form = covarianceForms[task.covariance];
  const { lloyd, mixture: work } = space;
  const { train } = space.points;
  const { rows, columns: d } = train;
  const { current } = space.blocks;

  const evaluate = (k: number, previousObjective: number): Evaluation => {
    const mixture = blockMixture(task, current, k, d);
    const component = form.factor(mixture, k, d, work.factors);
    if (component >= 0) return { ok: false, component };
    const objective = -expect(form, train, k, mixture, work);
    const converged = Math.abs(objective - previousObjective) < tolerance * rows;
    const degenerate = form.leastVariance(work.factors, k, d) < degenerateShare * task.regularization;
    return { ok: true, objective, converged, emptyClusters: 0, degenerate };
  };
  const weightsOf = (k: number): WeightsOf => weightsAfter(form, k, d, blockMixture(task, current, k, d), work);
  const iterate = (k: number, previousObjective: number, weights = weightsOf(k)): Evaluation => {
    maximise(form, train, k, blockMixture(task, current, k, d), work, weights, task.regularization);
    return evaluate(k, previousObjective);
  };
  const logLikelihood = (k: number): number => {
    const evaluation = evaluate(k, Number.POSITIVE_INFINITY);
    return evaluation.ok ? -evaluation.objective - rows * logScale : Number.NaN;
  };
  return {
    begin: (k, restart) => {
      const { means } = blockMixture(task, current, k, d);
      startCentroids(train, k, space.draws(k, restart), means, lloyd);
      for (let step = 0; step < startIterations; step++) {
        assignRows(train, k, means, lloyd);
        if (!moveCentroids(train, k, means, lloyd).moved) break;
      }
      assignRows(train, k, means, lloyd);
      return iterate(k, Number.POSITIVE_INFINITY, hardWeights(k, lloyd.assignments, work));
    },
    resume: (k) => evaluate(k, Number.POSITIVE_INFINITY),
    iterate: (k, previousObjective) => iterate(k, previousObjective),
    criterion: (k) => bayesianCriterion(logLikelihood(k), freeParameters(form, k, d), rows),
    metrics: (k) => {
      const total = logLikelihood(k);
      const parameters = freeParameters(form, k, d);
      const weights = weightsOf(k);
      for (const block of weighedBlocks(train, work))
        mostResponsible(weights(block), block.rows, k, lloyd.assignments.subarray(block.first));
      return {
        k,
        logLikelihood: total,
        bic: bayesianCriterion(total, parameters, rows),
        aic: akaikeCriterion(total, parameters),
        trainLoss: -total / rows,
        silhouette: space.silhouette(k),
      };
    },
    loss: (k, split) => {
      const mixture = blockMixture(task, current, k, d);
      form.factor(mixture, k, d, work.factors);
      const points = space.points[split];
      return -expect(form, points, k, mixture, work) / points.rows + logScale;
    },
  };
};
