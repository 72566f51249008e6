import type { Dataset } from "../../domain/datasets/dataset.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { splitSizes } from "../../domain/jobs/spec/task-columns.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import type { CsvHandlers } from "../../formats/csv/csv-scanner.ts";
import { scanRows } from "../columns/scan-rows.ts";
import type { LabelReader } from "../preprocessing/label-reader.ts";
import { createFoldAssigner, type PlaceRow } from "./fold-rows.ts";
import { createSplitAssigner, type Split } from "./split.ts";

/** Opens the data set's file from its beginning. */
export type OpenStream = () => Promise<AsyncIterable<Uint8Array>> | AsyncIterable<Uint8Array>;

/**
 * @param label the class's index, the number, or 0 for tasks without a label
 * @param place the row's number in the file, from 0
 */
export type VisitRow = (record: CsvRecord, split: Split, label: number, place: number) => void;

const createAssigner = (spec: ResolvedJobSpec, dataset: Dataset): PlaceRow => {
  const { heldOut, split, seed } = spec.training;
  if (heldOut !== undefined) return createFoldAssigner(spec, dataset, heldOut);
  const assign = createSplitAssigner(splitSizes(spec.task, split, dataset), seed);
  return (_, stratum) => assign(stratum);
};

const otherFile = (difference: string): ServiceError =>
  new ServiceError(
    "unprocessable",
    `the stored file is not the one that the data set describes: ${difference}; upload it again`,
  );

/** Reads the file once and visits each row in file order with the split it belongs to, but for those that the fit sets aside. The same rows in the same splits each time. */
export const visitSplitRows = async (
  spec: ResolvedJobSpec,
  dataset: Dataset,
  openStream: OpenStream,
  labelReader: LabelReader,
  visit: VisitRow,
): Promise<void> => {
  const assign = createAssigner(spec, dataset);
  const stratified = labelReader.type === "classes" && spec.training.split.stratify;
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
      if (label === undefined) throw otherFile(`the label on line ${record.line} is missing or unknown`);
      const split = assign(record, stratified ? label : 0);
      if (split === undefined) throw otherFile("it has more rows");
      if (split !== "aside") visit(record, split, label, rows - 1);
      return true;
    },
  };
  await scanRows(await openStream(), handlers, dataset);
  if (rows !== dataset.rows) throw otherFile("it has fewer rows");
};
