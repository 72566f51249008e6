import type { FeatureTransform } from "../../domain/models/model.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";

/** Gathers a feature's statistics over the training rows, then says how to transform it. */
export interface FeatureFit {
  add(record: CsvRecord): void;
  finish(): FeatureTransform;
}
