import type { ClusteringTask } from "./clustering-plan.ts";
import type { Mixture } from "./mixture/covariance-form.ts";
import { covarianceForms } from "./mixture/expectation-maximisation.ts";

/** A named part of the fitted model, f64, row-major, in the units of the standardised features. */
export interface ClusterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

const product = (shape: readonly number[]): number => shape.reduce((size, axis) => size * axis, 1);

const sections = (
  task: Pick<ClusteringTask, "model" | "covariance">,
  k: number,
  d: number,
): [string, readonly number[]][] =>
  task.model === "k_means"
    ? [["centroids", [k, d]]]
    : [
        ["weights", [k]],
        ["means", [k, d]],
        ["covariances", covarianceForms[task.covariance].shape(k, d)],
      ];

/** Numbers in one block of parameters for k clusters. */
export const blockSize = (task: Pick<ClusteringTask, "model" | "covariance">, k: number, d: number): number =>
  sections(task, k, d).reduce((sum, [, shape]) => sum + product(shape), 0);

/** The block's tensors, in the model's fixed order: `centroids`, or `weights`, `means`, `covariances`. Views, not copies. */
export const blockTensors = (
  task: Pick<ClusteringTask, "model" | "covariance">,
  block: Float64Array,
  k: number,
  d: number,
): ClusterTensor[] => {
  let at = 0;
  return sections(task, k, d).map(([name, shape]) => {
    const values = block.subarray(at, at + product(shape));
    at += values.length;
    return { name, shape, values };
  });
};

/** The block as a mixture's parameters. */
export const blockMixture = (task: ClusteringTask, block: Float64Array, k: number, d: number): Mixture => {
  const [weights, means, covariances] = blockTensors(task, block, k, d);
  return { weights: weights!.values, means: means!.values, covariances: covariances!.values };
};
