import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { hasLogLink } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import type { Conformal } from "../../../src/domain/models/conformal.ts";
import type { LabelTransform } from "../../../src/domain/models/model.ts";
import { foldIntervals, foldSets } from "../../../src/stats/conformal/fold-report.ts";
import { foldQuantileIntervals } from "../../../src/stats/conformal/quantile-intervals.ts";
import type { Pool } from "./pool.ts";

/** Scores of the first repeat, in which each row is predicted once: what CV+ compares with the folds' models. */
export const foldConformal = (
  { spec, pool: { folds, columns } }: { spec: ResolvedJobSpec; pool: Pool },
  label: LabelTransform,
): Conformal | null => {
  const first = folds.filter(({ repeat }) => repeat === 0);
  const foldOf = Int32Array.from(first.flatMap(({ fold, kept }) => new Array<number>(kept).fill(fold)));
  const where = { folds: first.length, foldOf };
  const rows = foldOf.length;
  const { truths, predictions, probabilities, lower, upper } = columns;
  if (truths === undefined) return null;
  if (label.type === "classes" && probabilities !== undefined) {
    const { classes } = label;
    return foldSets(where, {
      ...{ classes, truths: Int32Array.from(truths.subarray(0, rows)) },
      probabilities: probabilities.subarray(0, rows * classes.length),
    });
  }
  if (label.type !== "number" || predictions === undefined) return null;
  const held = { predictions: predictions.subarray(0, rows), truths: truths.subarray(0, rows) };
  const { loss } = spec;
  if (loss.type === "pinball" && loss.interval !== undefined && lower !== undefined && upper !== undefined) {
    const about = { lower: lower.subarray(0, rows), upper: upper.subarray(0, rows) };
    return foldQuantileIntervals(loss.interval, where, { ...held, ...about });
  }
  return foldIntervals(where, { ...held, counts: hasLogLink(loss) });
};
