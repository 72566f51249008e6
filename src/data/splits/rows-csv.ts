import { PassThrough, type Readable } from "node:stream";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import type { CountedDataset } from "../../domain/jobs/spec/rows/counted-rows.ts";
import { isStratified } from "../../domain/jobs/spec/rows/sizes-of-splits.ts";
import type { CsvRecord } from "../../formats/csv/csv-record.ts";
import { scanRows } from "../columns/scan-rows.ts";
import { createLabelPresence, createLabelReader } from "../preprocessing/label-reader.ts";
import { createFoldReader } from "./fold-rows.ts";
import { createRowSplitter } from "./place-rows.ts";
import type { OpenStream } from "./split-rows.ts";

const foldNames = ({ training: { crossValidation } }: ResolvedJobSpec): string[] => {
  const repeats = crossValidation?.repeats ?? 0;
  return Array.from({ length: repeats }, (_, repeat) => (repeats === 1 ? "fold" : `fold_${repeat + 1}`));
};

/** What one row's line says after its number: its split, and in which fold of each repeat it is held out. */
const createLineWriter = (spec: ResolvedJobSpec, dataset: CountedDataset): ((record: CsvRecord) => string) => {
  const reader = createLabelReader(spec, dataset);
  const isLabelled = createLabelPresence(spec.task, dataset);
  const stratified = reader.type === "classes" && isStratified(spec.task, spec.training.split);
  const splitOf = createRowSplitter(spec, dataset);
  const foldsOf = foldNames(spec).map((_, repeat) => createFoldReader(spec, dataset, repeat));
  return (record) => {
    if (!isLabelled(record)) return ["unlabelled", ...foldsOf.map(() => "")].join(",");
    const stratum = stratified && reader.type === "classes" ? (reader.read(record) ?? 0) : 0;
    const folds = foldsOf.map((foldOf) => foldOf(record, stratum));
    const split = splitOf(record, stratum);
    return [split ?? "", ...folds.map((fold) => (typeof fold === "number" ? fold + 1 : ""))].join(",");
  };
};

const drained = (out: PassThrough): Promise<void> =>
  new Promise((resolve) => {
    const goOn = (): void => {
      out.off("drain", goOn).off("close", goOn);
      resolve();
    };
    out.on("drain", goOn).on("close", goOn);
  });

/** Gives the file on only as fast as what is made of it is taken; ends with whoever takes it. */
async function* paced(source: AsyncIterable<Uint8Array>, out: PassThrough): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of source) {
    yield chunk;
    if (out.writableNeedDrain && !out.destroyed) await drained(out);
    if (out.destroyed) return;
  }
}

/** So many characters are written at once. */
const blockCharacters = 16_384;

/**
 * Where each row of the file went, as CSV: `row` (from 0), `split` (`train`, `validation`, `test`, or `unlabelled` for one that takes no part), and of a
 * cross-validation the fold that holds the row out, from 1; empty for the job's own test rows.
 */
export const rowsCsv = (spec: ResolvedJobSpec, dataset: CountedDataset, openStream: OpenStream): Readable => {
  const out = new PassThrough();
  const lineOf = createLineWriter(spec, dataset);
  let row = 0;
  let block = `${["row", "split", ...foldNames(spec)].join(",")}\n`;
  const handlers = {
    header: () => {},
    record: (record: CsvRecord) => {
      block += `${row},${lineOf(record)}\n`;
      row += 1;
      if (block.length >= blockCharacters) {
        out.write(block);
        block = "";
      }
      return !out.destroyed;
    },
  };
  const scan = async (): Promise<void> => {
    await scanRows(paced(await openStream(), out), handlers, dataset);
    out.end(block);
  };
  scan().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  return out;
};
