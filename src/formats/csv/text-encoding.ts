import { Buffer } from "node:buffer";
import type { TextEncoding } from "../../domain/datasets/dataset.ts";
import { csvError } from "./csv-error.ts";

/** Windows-1252 from 0x80 to 0x9f; five bytes are no character. The rest is Latin-1. */
const windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";
const undefinedBytes: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

const countLines = (bytes: Uint8Array): number => {
  let lines = 0;
  for (const byte of bytes) if (byte === 10) lines += 1;
  return lines;
};

async function* fromWindows1252(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let line = 1;
  for await (const chunk of source) {
    const wrong = chunk.findIndex((byte) => undefinedBytes.has(byte));
    if (wrong !== -1) {
      const byte = `0x${chunk[wrong]!.toString(16)}`;
      throw csvError(
        { line: line + countLines(chunk.subarray(0, wrong)) },
        `the byte ${byte} is no character of windows-1252`,
        "state the encoding that the file has, or save it in UTF-8",
      );
    }
    line += countLines(chunk);
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    yield Buffer.from(text.replace(/[\u0080-\u009f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]!));
  }
}

async function* fromUtf16(
  source: AsyncIterable<Uint8Array>,
  encoding: "utf-16le" | "utf-16be",
): AsyncGenerator<Buffer, void, void> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  const decode = (bytes: Uint8Array, stream: boolean): Buffer => {
    try {
      const text = Buffer.from(decoder.decode(bytes, { stream }));
      line += countLines(text);
      return text;
    } catch {
      throw csvError({ line }, `the file is not valid ${encoding.toUpperCase()} from here`, "save it in UTF-8");
    }
  };
  for await (const chunk of source) yield decode(chunk, true);
  yield decode(new Uint8Array(), false);
}

/** What a byte order mark says; null where there is none, or that of UTF-8. */
export const markedEncoding = ([a, b]: Uint8Array): TextEncoding | null => {
  if (a === 0xff && b === 0xfe) return "utf-16le";
  return a === 0xfe && b === 0xff ? "utf-16be" : null;
};

/** A text's bytes in UTF-8, as they come. Errors: `invalid_csv` with the line. */
export const toUtf8 = (source: AsyncIterable<Uint8Array>, encoding: TextEncoding): AsyncIterable<Uint8Array> => {
  switch (encoding) {
    case "utf-8":
      return source;
    case "windows-1252":
      return fromWindows1252(source);
    case "utf-16le":
    case "utf-16be":
      return fromUtf16(source, encoding);
  }
};
