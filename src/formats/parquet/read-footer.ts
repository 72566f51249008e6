import { type FileMetaData, parquetMetadata } from "hyparquet";
import { limits } from "../../domain/limits.ts";
import { quoteCell } from "../csv/csv-error.ts";
import { asParquetError, parquetError, parquetFault } from "./parquet-error.ts";
import { parquetLimits } from "./parquet-limits.ts";

/** Bytes of a file from `start` to before `end`. */
export type ReadRange = (start: number, end: number) => Promise<ArrayBuffer>;

const tailBytes = 8;

/** A file's footer, which says where everything lies. Errors: `malformed`, `too_large`. */
export const readFooter = async (read: ReadRange, bytes: number): Promise<FileMetaData> => {
  if (bytes < 12) throw parquetError("it is cut off: a Parquet file has 12 bytes at least");
  const tail = Buffer.from(await read(bytes - tailBytes, bytes));
  const magic = tail.toString("latin1", 4);
  if (magic === "PARE") throw parquetError("its footer is encrypted; write it without encryption");
  if (magic !== "PAR1")
    throw parquetError(`it does not end with PAR1 but with ${quoteCell(magic)}: it is cut off or damaged`);
  const length = tail.readUInt32LE(0);
  if (length + tailBytes + 4 > bytes)
    throw parquetError(`its footer would take ${length} bytes, more than the file has`);
  if (length > parquetLimits.footerBytes)
    throw parquetError(
      `its footer has ${length} bytes; at most ${parquetLimits.footerBytes} are read, so write fewer columns or row groups`,
    );
  try {
    const metadata = parquetMetadata(await read(bytes - tailBytes - length, bytes));
    checkGroups(metadata, bytes - tailBytes);
    return metadata;
  } catch (error) {
    throw asParquetError(error, "its footer is damaged");
  }
};

const checkGroups = (metadata: FileMetaData, dataEnd: number): void => {
  let rows = 0;
  for (const [g, group] of metadata.row_groups.entries()) {
    const ofGroup = Number(group.num_rows);
    if (!(ofGroup >= 0 && Number.isSafeInteger(ofGroup))) throw parquetFault(`row group ${g + 1} has ${ofGroup} rows`);
    rows += ofGroup;
    if (ofGroup === 0) continue;
    for (const { meta_data: column, file_path, crypto_metadata } of group.columns) {
      if (file_path) throw parquetFault(`its columns lie in another file, ${quoteCell(file_path)}`);
      if (crypto_metadata !== undefined || column === undefined) throw parquetFault("its columns are encrypted");
      const start = Number(column.dictionary_page_offset || column.data_page_offset);
      const length = Number(column.total_compressed_size);
      if (!(start >= 4 && length >= 0 && start < dataEnd))
        throw parquetFault(
          `row group ${g + 1}, column ${quoteCell(column.path_in_schema.join("."))} lies beyond the file's end`,
        );
      if (length > parquetLimits.chunkBytes)
        throw parquetFault(
          `row group ${g + 1}, column ${quoteCell(column.path_in_schema.join("."))} takes ${length} bytes; write smaller row groups`,
        );
    }
  }
  if (rows !== Number(metadata.num_rows))
    throw parquetFault(`it says ${metadata.num_rows} rows, and its row groups have ${rows}`);
  if (rows === 0) throw parquetError("it has no rows; add at least one");
  const cells = rows * Math.max(1, metadata.row_groups[0]?.columns.length ?? 1);
  // Each cell takes a byte at least, for what ends it.
  if (cells > limits.datasetBytes)
    throw parquetError(
      `it says ${rows} rows, whose ${cells} cells are more than a data set of ${limits.datasetBytes} bytes can hold`,
    );
};
