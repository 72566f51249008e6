import type { Dataset } from "../domain/datasets/dataset.ts";
import type { ResolvedJobSpec } from "../domain/jobs/spec/job-spec.ts";
import { unlabelledRows } from "../domain/jobs/spec/rows/counted-rows.ts";
import { labelName } from "../domain/jobs/spec/task-columns.ts";
import type { AnyModel } from "../domain/models/model.ts";
import type { Report, ReportNote } from "../domain/models/report.ts";

const unlabelled = ({ task }: ResolvedJobSpec, dataset: Dataset): ReportNote[] => {
  const rows = unlabelledRows(task, dataset);
  if (rows === 0) return [];
  const have = rows === 1 ? "has" : "have";
  return [
    {
      code: "labels_missing",
      message: `${rows} of the ${dataset.rows} rows ${have} no ${JSON.stringify(labelName(task))}: nothing was learnt or measured from them; if labels are missing for a reason, the others do not speak for them`,
    },
  ];
};

/** What the split means for who the figures hold for. */
const splitNotes = ({ training: { split, crossValidation } }: ResolvedJobSpec): ReportNote[] => {
  if (split.by !== undefined)
    return [
      {
        code: "split_by_group",
        message: `the splits share no value of ${JSON.stringify(split.by)}: the figures are of values that the model has not met${crossValidation === undefined ? ", and intervals of means count them, not rows, as independent" : ""}. Prediction sets and intervals presume that new rows come as these did`,
      },
    ];
  if (split.time !== undefined)
    return [
      {
        code: "split_by_time",
        message: `what is measured on is later in ${JSON.stringify(split.time)} than what was learnt from: the figures are of the future as far as it is like what followed here. Prediction sets and intervals presume that it is`,
      },
    ];
  return [];
};

const seenNotes = (seenBy: Pick<AnyModel, "id"> | null): ReportNote[] =>
  seenBy === null
    ? []
    : [
        {
          code: "seen_by_base",
          message: `${seenBy.id}, from whose weights the training started, has learnt from rows of the test split: every figure is too good for new rows, which the intervals do not know; measure the model on other data, or start from one that held the same rows out`,
        },
      ];

/**
 * A report with what must be known of the rows that it is about.
 * @param seenBy the base, if it has learnt from rows of the test split
 */
export const withDataNotes = <T extends Report>(
  report: T,
  spec: ResolvedJobSpec,
  dataset: Dataset,
  seenBy: Pick<AnyModel, "id"> | null,
): T => ({
  ...report,
  notes: [...report.notes, ...seenNotes(seenBy), ...unlabelled(spec, dataset), ...splitNotes(spec)],
});
