import type { Metrics } from "../../domain/jobs/job.ts";
import type { ClusteringSplit } from "./clustering-plan.ts";

/** What one evaluation or iteration found. */
export type Evaluation =
  /**
   * `objective` is minimised: the inertia of k-means, −ln L of a mixture. `emptyClusters` found no row of their own. `degenerate`: a component's variance
   * is little but the regularisation, so that the likelihood says more of that than of the data.
   */
  | {
      readonly ok: true;
      readonly objective: number;
      readonly converged: boolean;
      readonly emptyClusters: number;
      readonly degenerate: boolean;
    }
  /** The covariance of this component is not positive definite. */
  | { readonly ok: false; readonly component: number };

/** An iterative estimate of one model: the same steps for k-means (Lloyd) and mixtures (EM). It works on the block `current`. */
export interface ClusteringAlgorithm {
  /** Sets the parameters of a fresh run and evaluates them. */
  begin(k: number, restart: number): Evaluation;
  /** Brings the working arrays to where they stood when `current` was last evaluated. */
  resume(k: number): Evaluation;
  /** One iteration from the last evaluation, and the evaluation of what it gave. */
  iterate(k: number, previousObjective: number): Evaluation;
  /** What k is chosen by, the lower the better: −silhouette, or BIC. Evaluates `current`. */
  criterion(k: number): number;
  /** The metrics of `current` on the training rows. */
  metrics(k: number): Metrics;
  /** The mean loss per row of another split: squared distance, or −ln p. Evaluates `current`. */
  loss(k: number, split: ClusteringSplit): number;
}
