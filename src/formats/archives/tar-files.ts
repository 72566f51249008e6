import {
  type ArchiveFile,
  type ArchiveLimits,
  badArchive,
  createArchiveGauge,
  isClutter,
  safePath,
  tooLargeFor,
  type Wanted,
} from "./archive-file.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";

const blockBytes = 512;
/** A path or a list of attributes that comes before its file. */
const mostAttributeBytes = 64 * 1024;

interface Header {
  readonly name: string;
  readonly size: number;
  /** POSIX: `0` or nothing a file, `5` a folder, `x` attributes of the next entry; GNU: `L` the next entry's name. */
  readonly type: string;
}

const textOf = (block: Buffer, start: number, end: number): string => {
  const zero = block.subarray(start, end).indexOf(0);
  return block.toString("utf8", start, zero < 0 ? end : start + zero);
};

/** Octal digits, or (GNU) a binary number behind a set top bit. */
const numberOf = (block: Buffer, start: number, end: number): number => {
  if ((block[start]! & 0x80) === 0) {
    const text = textOf(block, start, end).trim();
    return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : Number.NaN;
  }
  return block.subarray(start + 1, end).reduce((value, byte) => value * 256 + byte, block[start]! & 0x7f);
};

/** The sum of a header's bytes, those of the sum itself taken as spaces. */
const checksum = (block: Buffer): number =>
  block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);

const parseHeader = (block: Buffer): Header => {
  if (numberOf(block, 148, 156) !== checksum(block)) throw badArchive("the checksum of a tar header is wrong");
  const size = numberOf(block, 124, 136);
  if (!Number.isSafeInteger(size) || size < 0) throw badArchive("a tar header has no valid size");
  const prefix = textOf(block, 257, 262) === "ustar" && block[262] === 0 ? textOf(block, 345, 500) : "";
  const name = textOf(block, 0, 100);
  return { name: prefix === "" ? name : `${prefix}/${name}`, size, type: String.fromCharCode(block[156]! || 48) };
};

const endsEarly = () => badArchive("it ends in the middle of a file; upload the whole of it");

const padded = (size: number): number => Math.ceil(size / blockBytes) * blockBytes;

const takeContent = async (reader: ByteReader, size: number): Promise<Buffer> => {
  const content = size === 0 ? Buffer.alloc(0) : await reader.take(size);
  if (!content || !(await reader.skip(padded(size) - size))) throw endsEarly();
  return content;
};

/** Attributes of POSIX: `27 path=flowers/rose/1.jpg\n`, each with its length before it. */
const attributesOf = (content: Buffer): Map<string, string> => {
  const found = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = space < 0 ? Number.NaN : Number(content.toString("latin1", at, space));
    if (!Number.isInteger(length) || length < 5 || at + length > content.length)
      throw badArchive("the attributes of a tar entry are not well-formed");
    const text = content.toString("utf8", space + 1, at + length - 1);
    const equals = text.indexOf("=");
    found.set(text.slice(0, equals), text.slice(equals + 1));
    at += length;
  }
  return found;
};

/** Names and sizes that entries say of the one after them. */
interface Ahead {
  name?: string;
  size?: number;
}

const readAhead = async (reader: ByteReader, { type, size }: Header): Promise<Ahead> => {
  if (size > mostAttributeBytes) throw badArchive(`a tar entry has ${size} bytes of attributes`);
  const content = await takeContent(reader, size);
  if (type === "L") return { name: textOf(content, 0, content.length) };
  const attributes = attributesOf(content);
  const [name, stated] = [attributes.get("path"), attributes.get("size")];
  if (stated !== undefined && !/^\d{1,15}$/.test(stated)) throw badArchive("a tar entry has no valid size");
  return { ...(name !== undefined && { name }), ...(stated !== undefined && { size: Number(stated) }) };
};

const isEnd = (block: Buffer): boolean => block.every((byte) => byte === 0);

/**
 * The files of a tar archive (POSIX and GNU) as they come, one held at a time. Links, devices and folders are passed over. `malformed` when the archive is
 * damaged or a path leads out of it; `too_large` beyond the limits.
 */
export async function* tarFiles(
  source: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  wanted: Wanted = () => true,
): AsyncGenerator<ArchiveFile, void, void> {
  const reader = createByteReader(source);
  try {
    yield* entriesOf(reader, limits, wanted);
  } finally {
    await reader.close();
  }
}

async function* entriesOf(
  reader: ByteReader,
  limits: ArchiveLimits,
  wanted: Wanted,
): AsyncGenerator<ArchiveFile, void, void> {
  const gauge = createArchiveGauge(limits);
  let ahead: Ahead = {};
  for (;;) {
    const block = await reader.take(blockBytes);
    if (block === undefined) throw endsEarly();
    if (block === null || isEnd(block)) return;
    const header = parseHeader(block);
    gauge.addEntry();
    if (header.type === "x" || header.type === "L") {
      ahead = { ...ahead, ...(await readAhead(reader, header)) };
      continue;
    }
    const { name, size } = { ...header, ...ahead };
    if (header.type !== "g") ahead = {};
    const path = safePath(name);
    gauge.addBytes(size);
    const isFile = header.type === "0" || header.type === "7";
    if (isFile && !isClutter(path)) {
      gauge.addFile(path);
      if (!wanted(path)) {
        if (!(await reader.skip(padded(size)))) throw endsEarly();
        continue;
      }
      if (size <= limits.entryBytes) {
        yield { path, bytes: await takeContent(reader, size) };
        continue;
      }
      yield { path, problem: tooLargeFor(size, limits.entryBytes) };
    }
    if (!(await reader.skip(padded(size)))) throw endsEarly();
  }
}
