import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactFit } from "../../../src/engine/exact/exact-fit.ts";
import type { ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import type { Term } from "../../../src/stats/coefficients/terms.ts";
import type { Clusters } from "../../../src/stats/inference/solved-fit.ts";
import type { ExplainingBudget } from "../explaining/explained-rows.ts";
import type { LinearWeights } from "./linear-weights.ts";

/** What a solved model's report is made of. */
export interface ExactResults {
  spec: ResolvedJobSpec;
  preprocessing: Preprocessing;
  /** In the units of the data; the inputs standardised under a penalty. */
  arrays: PreparedArrays;
  model: ExactModel;
  /** What was taken from each input of the arrays, where some are far from 0. */
  shifts: Float64Array | null;
  /** For the inputs as they are in the arrays; and behind standardised ones. */
  weights: LinearWeights;
  network: LinearWeights;
  fit: ExactFit;
  columns: Int32Array;
  terms: readonly Term[] | null;
  metrics: Metrics;
  /** Twice the log-likelihood that is lost without each feature. */
  ratios: readonly { feature: string; lost: number; degrees: number }[];
  /** And without all of them, where the null deviance does not tell. */
  overallLost: number | null;
  /** The training rows' numbers in the data set. */
  places: Int32Array;
  clusters: Clusters | null;
  /** From which probability on the second of two classes is the answer; null: the likelier class is. */
  threshold: number | null;
  /** What explanations may cost. */
  budget: ExplainingBudget;
  onSeparated: (message: string) => void;
  beat: () => void;
}
