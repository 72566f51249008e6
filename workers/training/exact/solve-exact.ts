import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { ExactFit, ExactTask } from "../../../src/engine/exact/exact-fit.ts";
import type { ExactPlan } from "../../../src/engine/exact/exact-plan.ts";
import { type ExactOptions, fitExact } from "../../../src/engine/exact/fit-exact.ts";
import { sumOfWeights } from "../leading/row-weights.ts";
import { rowsOf } from "./exact-rows.ts";

/** Iterations that Newton's method takes on ordinary data: what progress is a share of. */
export const usualIterations = 10;

/** c of the penalty beside the sum of the losses, which `rows` are counted in: the spec's is beside their mean. */
const penaltyOf = ({ model, training: { l2 } }: ResolvedJobSpec, rows: number): number =>
  (model.type === "linear" ? l2 / 2 : l2) * rows;

export const solveExact = (
  plan: ExactPlan,
  spec: ResolvedJobSpec,
  { train }: PreparedArrays,
  wanted: Pick<ExactTask, "columns" | "mostCovariances" | "quantile">,
  memory: WebAssembly.Memory,
  options: ExactOptions,
): Promise<ExactFit> => {
  const { model, method, inputs, outputs, mostIterations, work, rowWork } = plan;
  const weights = train.weights ?? null;
  const penalty = penaltyOf(spec, weights === null ? plan.data.train.rows : sumOfWeights(weights));
  return fitExact(
    {
      ...(spec.loss.type === "pinball" ? { quantile: spec.loss.quantile } : {}),
      ...{ model, method, penalty, mostIterations, ...wanted },
      features: rowsOf(train, inputs),
      labels: train.labels as Float64Array,
      weights,
      offsets: train.offsets ?? null,
      classes: outputs,
      work: new Float64Array(memory.buffer, work.offset, work.doubles),
      rowWork: new Float64Array(memory.buffer, rowWork.offset, rowWork.doubles),
    },
    options,
  );
};
