import type { Column } from "../../../domain/datasets/dataset.ts";
import { type PreprocessingSpec, textSpecOf } from "../../../domain/jobs/spec/preprocessing-spec.ts";
import { log64 } from "../../../engine/kernels/math64.ts";
import { cellText } from "../../../formats/csv/csv-record.ts";
import { isEmptyCell } from "../../columns/number-cell.ts";
import type { FeatureFit } from "../feature-fit.ts";
import { createTermCounter } from "./text-terms.ts";

/** ln((1 + n)/(1 + d)) + 1 of each bucket: n training rows, of which d have a term in it (as scikit-learn's TfidfTransformer smooths it). */
export const createTextFit = (column: Column, index: number, spec: PreprocessingSpec | undefined): FeatureFit => {
  const { weighting, ...counting } = textSpecOf(spec);
  const count = createTermCounter(counting);
  const counts = new Float64Array(counting.buckets);
  const having = new Float64Array(counting.buckets);
  let rows = 0;
  return {
    add: (record) => {
      rows += 1;
      if (weighting === "tf" || isEmptyCell(record, index)) return;
      count(cellText(record, index), counts);
      for (let bucket = 0; bucket < counts.length; bucket++) if (counts[bucket]! > 0) having[bucket]! += 1;
    },
    finish: () => ({
      ...{ type: "text", column: column.name, ...counting },
      ...(weighting === "tfidf" && { weights: Array.from(having, (d) => log64((1 + rows) / (1 + d)) + 1) }),
      missingIndicator: column.missing > 0,
    }),
  };
};
