import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import { inOwnUnits } from "../../../src/data/preprocessing/raw-numbers.ts";
import { reportedSplit } from "../../../src/data/splits/split.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactPlan } from "../../../src/engine/exact/exact-plan.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { type HeldOutAnswers, heldOutAnswers, type Judged, judgeRows } from "../folds/judge-rows.ts";
import { rowsOf } from "./exact-rows.ts";
import { answersOf } from "./linear-evaluation.ts";
import type { LinearWeights } from "./linear-weights.ts";

interface Fitted {
  preprocessing: Preprocessing;
  arrays: PreparedArrays;
  weights: LinearWeights;
  metrics: Metrics;
  theta: number | null;
}

/** What a solved model says of the rows that its report is about. */
export const heldOutBySolution = (
  plan: ExactPlan,
  spec: ResolvedJobSpec,
  { preprocessing, arrays, weights, metrics, theta }: Fitted,
): HeldOutAnswers | null => {
  const split = reportedSplit(arrays);
  const rows = spreadRows(arrays[split].labels?.length ?? 0, weights.outputs);
  const answers = { split, rows, outputs: answersOf(plan.model, weights, rowsOf(arrays[split], weights.inputs), rows) };
  const results = { spec, arrays, answers, metrics, seen: null, linear: null, threshold: null, theta };
  return heldOutAnswers({ ...results, preprocessing: inOwnUnits(preprocessing) });
};

/** What a model of a fold makes of the rows held out. */
export const judgeTest = (plan: ExactPlan, spec: ResolvedJobSpec, fitted: Fitted): Judged => {
  const { preprocessing, arrays, weights, metrics, theta } = fitted;
  const { labels } = arrays.test;
  const rows = spreadRows(labels?.length ?? 0, weights.outputs);
  const answers = {
    split: "test" as const,
    rows,
    outputs: answersOf(plan.model, weights, rowsOf(arrays.test, weights.inputs), rows),
  };
  const results = { spec, arrays, answers, metrics, seen: null, linear: null, threshold: null, theta };
  return judgeRows({ ...results, preprocessing: inOwnUnits(preprocessing) }, labels, preprocessing);
};
