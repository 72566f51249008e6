import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import { inOwnUnits } from "../../../src/data/preprocessing/raw-numbers.ts";
import { reportedSplit, type Split } from "../../../src/data/splits/split.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactPlan } from "../../../src/engine/exact/exact-plan.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { type HeldOutAnswers, heldOutAnswers, type Judged, judgeRows } from "../folds/judge-rows.ts";
import type { NetworkResults } from "../network-report.ts";
import { answersOf } from "./linear-evaluation.ts";
import type { LinearWeights } from "./linear-weights.ts";

interface Fitted {
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  weights: LinearWeights;
  metrics: Metrics;
  theta: number | null;
}

/** What a solved model says of a split's rows. */
const resultsOf = (plan: ExactPlan, spec: ResolvedJobSpec, fitted: Fitted, split: Split): NetworkResults => {
  const { preprocessing, arrays, weights, metrics, theta } = fitted;
  const rows = spreadRows(arrays[split].labels?.length ?? 0, weights.outputs);
  const answers = { split, rows, outputs: answersOf(plan.model, weights, arrays[split], rows) };
  return {
    ...{ spec, arrays, answers, metrics, seen: null, linear: null, threshold: null, theta },
    preprocessing: inOwnUnits(preprocessing),
  };
};

/** What a solved model says of the rows that its report is about. */
export const heldOutBySolution = (plan: ExactPlan, spec: ResolvedJobSpec, fitted: Fitted): HeldOutAnswers | null =>
  heldOutAnswers(resultsOf(plan, spec, fitted, reportedSplit(fitted.arrays)));

/** What a model of a fold makes of the rows held out. */
export const judgeTest = (plan: ExactPlan, spec: ResolvedJobSpec, fitted: Fitted): Judged =>
  judgeRows(resultsOf(plan, spec, fitted, "test"), fitted.arrays.test.labels, fitted.preprocessing);
