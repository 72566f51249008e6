import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { LabelTransform } from "../../../domain/models/model.ts";
import { type CsvRecord, cellText } from "../../../formats/csv/csv-record.ts";
import { createOffsetReader } from "../../columns/offset-cell.ts";
import { createWeightReader } from "../../columns/weight-cell.ts";
import { createGroupReader, createUnitReader } from "../../splits/place-rows.ts";
import type { Split } from "../../splits/split.ts";
import type { LabelReader } from "../label-reader.ts";
import type { PreparedArrays } from "./split-arrays.ts";

/** What a read label becomes as a target: the class's index in the model's classes, or the standardised number. */
export const createTarget = (transform: LabelTransform, reader: LabelReader): ((label: number) => number) => {
  if (transform.type === "number") return (label) => (label - transform.mean) / transform.scale;
  if (transform.type === "none" || reader.type !== "classes") return (label) => label;
  const targets = reader.classes.map((value) => transform.classes.indexOf(value));
  return (label) => targets[label] ?? -1;
};

/** Numbers the texts of the column that says which rows belong together. */
const createClusterReader = ({ training: { clusterBy } }: ResolvedJobSpec, { columns }: Dataset) => {
  const index = columns.findIndex(({ name }) => name === clusterBy);
  const ids = new Map<string, number>();
  return (record: CsvRecord): number => {
    const text = index < 0 ? "" : cellText(record, index);
    const id = ids.get(text) ?? ids.size;
    ids.set(text, id);
    return id;
  };
};

/** Notes beside a row's inputs what is asked for: how much it counts and what its count is of, where it stands in the file, and with which others it belongs. */
export const createRowNotes = (spec: ResolvedJobSpec, dataset: Dataset, arrays: PreparedArrays) => {
  const clusterOf = createClusterReader(spec, dataset);
  const by = spec.training.crossValidation?.by ?? spec.training.split.by;
  const groupOf = by === undefined ? null : createGroupReader(dataset, by);
  const unitOf = createUnitReader(spec, dataset);
  const weightOf = createWeightReader(spec.task, dataset);
  const offsetOf = createOffsetReader(spec.task, dataset);
  return (record: CsvRecord, split: Split, row: number, { place, label }: { place: number; label: number }): void => {
    const { weights, offsets, places, truths, clusters, groups, units } = arrays[split];
    if (weights !== undefined && weightOf !== null) weights[row] = weightOf(record);
    if (offsets !== undefined && offsetOf !== null) offsets[row] = offsetOf(record);
    if (places !== undefined) places[row] = place;
    if (truths !== undefined) truths[row] = label;
    if (clusters !== undefined) clusters[row] = clusterOf(record);
    if (groups !== undefined) groups[row] = groupOf === null ? place : groupOf(record)!;
    if (units !== undefined && unitOf !== null) units[row] = unitOf(record);
  };
};
