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
  // What is wrong is looked for in what has come, replaced where it is no character.
  const lenient = new TextDecoder(encoding);
  let line = 1;
  const decode = (bytes: Uint8Array, stream: boolean): Buffer => {
    const replaced = lenient.decode(bytes, { stream });
    try {
      const text = Buffer.from(decoder.decode(bytes, { stream }));
      line += countLines(text);
      return text;
    } catch {
      const before = replaced.slice(0, Math.max(0, replaced.indexOf("\ufffd")));
      const at = line + countLines(Buffer.from(before));
      const detail = `the file is not valid ${encoding.toUpperCase()}: half of a surrogate pair, or half of a character, stands alone`;
      throw csvError({ line: at }, detail, "save it in UTF-8, or state the encoding that it has");
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

/** The share of zeros among the bytes at even and at odd places. */
const zerosOf = (head: Uint8Array): [number, number] => {
  const zeros: [number, number] = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2]! += 1;
  return [zeros[0] / (head.length / 2), zeros[1] / (head.length / 2)];
};

/** Refuses UTF-16 that has no mark: every other byte of Western letters is zero then. Errors: `invalid_csv`. */
export const refuseUnmarked = (head: Uint8Array): void => {
  if (head.length < 8) return;
  const [even, odd] = zerosOf(head);
  const encoding = even < 0.05 && odd > 0.5 ? "utf-16le" : odd < 0.05 && even > 0.5 ? "utf-16be" : null;
  if (encoding === null) return;
  const detail = `the file looks like ${encoding.toUpperCase()} without a byte order mark`;
  throw csvError({ line: 1 }, detail, `upload it with ?encoding=${encoding} if it is, or save it in UTF-8`);
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
