import type { Dataset } from "../../domain/datasets/dataset.ts";
import { dialectOf, type StatedDialect } from "../../formats/csv/csv-dialect.ts";
import { type CsvHandlers, type ScanStart, scanCsv } from "../../formats/csv/csv-scanner.ts";
import { scanImageTable } from "../../formats/images/image-table.ts";

/** What a data set says of how its file is read. */
export type StoredForm = Partial<Pick<Dataset, "format">> & StatedDialect;

/** Reads a stored data set row by row, whatever its format. */
export const scanRows = (
  stream: AsyncIterable<Uint8Array>,
  handlers: CsvHandlers,
  dataset: StoredForm,
  from?: ScanStart,
): Promise<void> =>
  dataset.format === "images"
    ? scanImageTable(stream, handlers, from)
    : scanCsv(stream, handlers, dialectOf(dataset), from);
