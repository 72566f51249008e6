import type { Dataset } from "../../domain/datasets/dataset.ts";
import { dialectOf } from "../../formats/csv/csv-dialect.ts";
import { type CsvHandlers, type ScanStart, scanCsv } from "../../formats/csv/csv-scanner.ts";
import { scanImageTable } from "../../formats/images/image-table.ts";

/** Reads a stored data set row by row, whatever its format. */
export const scanRows = (
  stream: AsyncIterable<Uint8Array>,
  handlers: CsvHandlers,
  dataset: Partial<Pick<Dataset, "format" | "delimiter" | "decimal" | "header" | "quote" | "missingWords" | "dates">>,
  from?: ScanStart,
): Promise<void> =>
  dataset.format === "images"
    ? scanImageTable(stream, handlers, from)
    : scanCsv(stream, handlers, dialectOf(dataset), from);
