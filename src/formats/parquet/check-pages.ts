import { parquetHeader } from "hyparquet/src/column.js";
import { parquetFault } from "./parquet-error.ts";
import { parquetLimits } from "./parquet-limits.ts";

/** The least that a page's header takes: what is shorter at a chunk's end is padding. */
const leastHeader = 2;

/**
 * Holds the pages of a column chunk against what the file says of it before any is unpacked: sizes within the chunk and the limits, as many values as rows.
 * Throws an Error that says what is wrong.
 */
export const checkPages = (chunk: ArrayBuffer, rows: number, flat: boolean): void => {
  const view = new DataView(chunk);
  const reader = { view, offset: 0 };
  let values = 0;
  while (reader.offset < view.byteLength - (leastHeader - 1) && !(flat && values >= rows)) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
    if (!(packed >= 0 && reader.offset + packed <= view.byteLength))
      throw parquetFault("a page ends behind its column; the file is cut off or damaged");
    if (!(unpacked >= 0 && unpacked <= parquetLimits.pageBytes))
      throw parquetFault(`a page unpacks to ${unpacked} bytes; at most ${parquetLimits.pageBytes} are read`);
    const count =
      header.dictionary_page_header?.num_values ??
      header.data_page_header?.num_values ??
      header.data_page_header_v2?.num_values;
    if (count === undefined || !(count >= 0 && count <= parquetLimits.pageValues))
      throw parquetFault(
        `a page has ${count ?? "no number of"} values; at most ${parquetLimits.pageValues} are read, so write smaller pages`,
      );
    if (header.dictionary_page_header === undefined) values += count;
    reader.offset += packed;
    if (values > parquetLimits.chunkValues)
      throw parquetFault(
        `it has more than ${parquetLimits.chunkValues} values in one row group; write smaller row groups`,
      );
  }
  if (flat && values !== rows) throw parquetFault(`it has ${values} values where the row group has ${rows} rows`);
};
