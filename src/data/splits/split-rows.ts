import type { Dataset } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { isStratified } from "../../domain/jobs/spec/rows/sizes-of-splits.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import type { CsvHandlers } from "../../formats/csv/csv-scanner.ts";
import { scanRows } from "../columns/scan-rows.ts";
import { createLabelPresence, type LabelReader } from "../preprocessing/label-reader.ts";
import { createFoldAssigner } from "./fold-rows.ts";
import { createPartAssigner } from "./part-assigner.ts";
import { createRowSplitter, type PlaceRow } from "./place-rows.ts";
import type { Split } from "./split.ts";

/** Opens the data set's file from its beginning. */
export type OpenStream = () => Promise<AsyncIterable<Uint8Array>> | AsyncIterable<Uint8Array>;

/**
 * @param label the class's index, the number, or 0 for tasks without a label
 * @param place the row's number in the file, from 0
 */
export type VisitRow = (record: CsvRecord, split: Split, label: number, place: number) => void;

const createAssigner = (spec: ResolvedJobSpec, dataset: Dataset): PlaceRow => {
  const { heldOut, everyRow, part } = spec.training;
  if (heldOut !== undefined) return createFoldAssigner(spec, dataset, heldOut);
  if (part !== undefined) return createPartAssigner(spec, dataset, part);
  const splitOf = createRowSplitter(spec, dataset);
  return everyRow === undefined ? splitOf : (...row) => (splitOf(...row) === undefined ? undefined : "train");
};

const otherFile = (difference: string): ServiceError =>
  new ServiceError(
    "unprocessable",
    `the stored file is not the one that the data set describes: ${difference}; upload it again`,
  );

/** Reads the file once and visits each row in file order with the split it belongs to, but for those without a label and those that the fit sets aside. The same rows in the same splits each time. */
export const visitSplitRows = async (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  openStream: OpenStream,
  labelReader: LabelReader,
  visit: VisitRow,
): Promise<void> => {
  const assign = createAssigner(spec, dataset);
  const stratified = labelReader.type === "classes" && isStratified(spec.task, spec.training.split);
  const isLabelled = createLabelPresence(spec.task, dataset);
  let rows = 0;
  const handlers: CsvHandlers = {
    header: (names) => {
      const same =
        names.length === dataset.columns.length && names.every((name, i) => name === dataset.columns[i]?.name);
      if (!same) throw otherFile("its columns differ");
    },
    record: (record) => {
      rows += 1;
      const label = labelReader.type === "none" ? 0 : labelReader.read(record);
      if (label === undefined && !isLabelled(record)) return true;
      if (label === undefined) throw otherFile(`the label on line ${record.line} is unknown`);
      const split = assign(record, stratified ? label : 0);
      if (split === undefined) throw otherFile("it has more rows");
      if (split !== "aside") visit(record, split, label, rows - 1);
      return true;
    },
  };
  await scanRows(await openStream(), handlers, dataset);
  if (rows !== dataset.rows) throw otherFile("it has fewer rows");
};
