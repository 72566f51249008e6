import { Buffer, isUtf8 } from "node:buffer";
import { csvError } from "./csv-error.ts";
import { cellPlace, type ScanContext } from "./csv-scan-record.ts";
import { otherKinds } from "./not-csv.ts";

/** Without UTF-8's byte order mark, if it begins with one. */
export const withoutByteOrderMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/** Skips UTF-8's byte order mark; refuses UTF-16, which spreadsheets call "Unicode text", and what is no text at all. */
export const skipByteOrderMark = (bytes: Buffer): Buffer => {
  const start = bytes.toString("latin1", 0, 9);
  const other = otherKinds.find(([magic]) => start.startsWith(magic));
  if (other !== undefined) throw csvError({ line: 1, column: 1 }, other[1], other[2]);
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw csvError({ line: 1, column: 1 }, "the file is UTF-16", "save it as CSV in UTF-8");
  }
  return withoutByteOrderMark(bytes);
};

/** Offset in `bytes` of the first byte that is not part of a UTF-8 character. */
const firstInvalidByte = (bytes: Buffer): number => {
  const replacement = "\ufffd";
  let offset = 0;
  for (const character of bytes.toString("utf8")) {
    const isItself = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (character === replacement && !isItself) return offset;
    offset += Buffer.byteLength(character);
  }
  return offset;
};

/** Refuses NUL bytes and invalid UTF-8 (RFC 3629: also surrogates and overlong forms) in the record that was just scanned, naming the cell. */
export const checkEncoding = (context: ScanContext): void => {
  const { record } = context;
  for (let i = 0; i < record.cells; i++) {
    const cell = record.bytes.subarray(record.starts[i]!, record.ends[i]!);
    if (cell.includes(0)) {
      throw csvError(
        cellPlace(context, i),
        "the cell contains a NUL byte",
        "upload a text file; spreadsheets (.xlsx) and archives must be exported as CSV first",
      );
    }
    if (!isUtf8(cell)) {
      const at = firstInvalidByte(cell);
      const byte = `0x${cell[at]!.toString(16).padStart(2, "0")}`;
      throw csvError(
        cellPlace(context, i),
        `byte ${at + 1} of the cell (${byte}) is not valid UTF-8`,
        "save the file in UTF-8, or upload it with ?encoding=windows-1252 if that is what it has",
      );
    }
  }
};
