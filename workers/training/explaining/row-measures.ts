import type { SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import { assert } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { Against } from "../../../src/domain/models/parts/against.ts";
import { logOf } from "../../../src/stats/classification-report.ts";
import { doublesOf } from "../../../src/stats/order-of.ts";
import { valueMeasure } from "../../../src/stats/values/value-measure.ts";
import { exposuresOf } from "../leading/counted-rows.ts";

/** What a model's outputs say of each row, larger is better: ln p of its label, or the squared error with a minus. */
export const createRowMeasure = (
  { loss }: Pick<ResolvedJobSpec, "loss">,
  { label, outputs: width }: Preprocessing,
  arrays: SplitArrays,
  rows: ArrayLike<number>,
): { measure: Against["measure"]; of: (outputs: ArrayLike<number>) => Float64Array } => {
  const { labels } = arrays;
  assert(labels !== null && label.type !== "none", "classification and regression have labels");
  const truths = Float64Array.from(rows, (row) => labels[row]!);
  if (label.type === "classes") {
    const single = loss.type === "binary_cross_entropy";
    const classes = label.classes.length;
    const of = (outputs: ArrayLike<number>): Float64Array =>
      doublesOf(truths, (truth, i) =>
        logOf(single ? (truth === 1 ? outputs[i]! : 1 - outputs[i]!) : outputs[i * classes + truth]!),
      );
    return { measure: "log_likelihood", of };
  }
  const toUnits = (value: number): number => label.mean + label.scale * value;
  const { measure, of: measured } = valueMeasure(loss);
  const exposures = exposuresOf(arrays, rows);
  const exposureAt = (i: number): number => exposures?.[i] ?? 1;
  return {
    measure,
    of: (outputs) =>
      doublesOf(truths, (truth, i) => measured(toUnits(truth), exposureAt(i) * toUnits(outputs[i * width]!))),
  };
};
