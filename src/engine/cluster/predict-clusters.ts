import { assert } from "../../domain/errors.ts";
import { type ClusteringKernels, scratchDoubles } from "../kernels/clustering/clustering-kernels.ts";
import { clusteringLoops } from "../kernels/clustering/load-clustering-kernels.ts";
import { assignRows } from "./k-means/lloyd.ts";
import type { CovarianceName } from "./mixture/covariance-form.ts";
import { covarianceForms, expect, mostResponsible } from "./mixture/expectation-maximisation.ts";
import type { ClusterTensor } from "./parameter-block.ts";
import { blocksOf, type Points } from "./points.ts";

export type ClusterPrediction =
  /** Euclidean distances to every centroid, [rows, k], in units of the standardised features. */
  | {
      readonly model: "k_means";
      readonly k: number;
      readonly assignments: Int32Array;
      readonly distances: Float64Array;
    }
  /** Responsibilities [rows, k] and ln p of each row, in the original units of the features. */
  | {
      readonly model: "gaussian_mixture";
      readonly k: number;
      readonly assignments: Int32Array;
      readonly responsibilities: Float64Array;
      readonly logDensities: Float64Array;
    };

/** A fitted model: its tensors by name, and what the tensors do not say. */
export type ClusterModel =
  | { readonly model: "k_means"; readonly tensors: readonly ClusterTensor[] }
  | {
      readonly model: "gaussian_mixture";
      readonly tensors: readonly ClusterTensor[];
      readonly covariance: CovarianceName;
      /** Σⱼ ln scaleⱼ: ln p(x) = ln p(z) − logScale, by the change of variables z = (x − mean)/scale. */
      readonly logScale: number;
    };

const valuesOf = (tensors: readonly ClusterTensor[], name: string): Float64Array => {
  const tensor = tensors.find((candidate) => candidate.name === name);
  assert(tensor, `the model has a tensor ${name}`);
  return tensor.values;
};

/** Assigns standardised rows to the clusters or components of a fitted model. Which kernels compute makes no difference to a bit. */
export const createClusterPredictor = (
  model: ClusterModel,
  kernels: ClusteringKernels = clusteringLoops,
): ((points: Points) => ClusterPrediction) => {
  if (model.model === "k_means") {
    const centroids = valuesOf(model.tensors, "centroids");
    return (points) => {
      const { rows, columns } = points;
      const k = centroids.length / columns;
      const scratch = new Float64Array(scratchDoubles(k, columns));
      const assignments = new Int32Array(rows);
      assignRows(points, k, centroids, { kernels, scratch, assignments, distances: new Float64Array(rows) });
      const distances = new Float64Array(rows * k);
      for (const { x, first, rows: some } of blocksOf(points))
        kernels.centreDistances(x, centroids, distances.subarray(first * k), scratch, k, columns, 0, some);
      return { model: "k_means", k, assignments, distances };
    };
  }
  const [weights, means, covariances] = ["weights", "means", "covariances"].map((name) =>
    valuesOf(model.tensors, name),
  );
  const mixture = { weights: weights!, means: means!, covariances: covariances! };
  const form = covarianceForms[model.covariance];
  const k = mixture.weights.length;
  const d = mixture.means.length / k;
  const factors = new Float64Array(form.factorSize(k, d));
  const scratch = new Float64Array(scratchDoubles(k, d));
  assert(form.factor(mixture, k, d, factors) < 0, "a stored mixture's covariances are positive definite");
  return (points) => {
    const responsibilities = new Float64Array(points.rows * k);
    const logDensities = new Float64Array(points.rows);
    const work = { kernels, scratch, responsibilities, weighedRows: null, counts: new Float64Array(k), factors };
    expect(form, points, k, mixture, work, logDensities);
    for (let row = 0; row < points.rows; row++) logDensities[row]! -= model.logScale;
    const assignments = new Int32Array(points.rows);
    mostResponsible(responsibilities, points.rows, k, assignments);
    return { model: "gaussian_mixture", k, assignments, responsibilities, logDensities };
  };
};
