import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import { inOwnUnits } from "../../../src/data/preprocessing/raw-numbers.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactPlan } from "../../../src/engine/exact/exact-plan.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { type Judged, judgeRows } from "../folds/judge-rows.ts";
import { answersOf } from "./linear-evaluation.ts";
import type { LinearWeights } from "./linear-weights.ts";

/** What a model of a fold makes of the rows held out. */
export const judgeTest = (
  plan: ExactPlan,
  spec: ResolvedJobSpec,
  fitted: { preprocessing: Preprocessing; arrays: PreparedArrays; weights: LinearWeights; metrics: Metrics },
): Judged => {
  const { preprocessing, arrays, weights, metrics } = fitted;
  const { labels } = arrays.test;
  const rows = spreadRows(labels?.length ?? 0, weights.outputs);
  const answers = { split: "test" as const, rows, outputs: answersOf(plan.model, weights, arrays.test, rows) };
  const results = { spec, arrays, answers, metrics, seen: null, linear: null, threshold: null };
  return judgeRows({ ...results, preprocessing: inOwnUnits(preprocessing) }, labels, preprocessing);
};
