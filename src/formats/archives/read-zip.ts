import { inflateRawSync } from "node:zlib";
import { ServiceError } from "../../domain/errors.ts";

/** What an archive may hold. */
export interface ZipLimits {
  readonly entries: number;
  /** Of all files together, unpacked. */
  readonly bytes: number;
}

const malformed = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError("malformed", `not a valid zip file: ${detail}`, { cause });

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const fileSignature = 0x04034b50;
const endBytes = 22;
const longestComment = 65_535;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
}

/** The end record: last in the file but for a comment. */
const findEnd = (view: DataView): number => {
  const first = Math.max(0, view.byteLength - endBytes - longestComment);
  for (let at = view.byteLength - endBytes; at >= first; at--) if (view.getUint32(at, true) === endSignature) return at;
  throw malformed("it has no directory");
};

const readEntries = (view: DataView, file: Uint8Array, most: number): Entry[] => {
  const end = findEnd(view);
  const [count, size, start] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  if (count === 0xffff || start === 0xffffffff)
    throw malformed("it is of the kind for more than 4 GiB (zip64), which is not read");
  if (count > most) throw malformed(`it holds ${count} files; at most ${most} are allowed`);
  if (start + size > end) throw malformed("its directory lies outside of it");
  const entries: Entry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== entrySignature) throw malformed("its directory ends early");
    const [nameBytes, extra, comment] = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ];
    if (at + 46 + nameBytes > end) throw malformed("its directory ends early");
    entries.push({
      name: new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameBytes)),
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
      packed: view.getUint32(at + 20, true),
      unpacked: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at += 46 + nameBytes + extra + comment;
  }
  return entries;
};

/** A path within the archive, or a complaint: nothing may lead out of it. */
const safePath = (name: string): string => {
  const parts = name
    .replaceAll("\\", "/")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (name.startsWith("/") || parts.includes("..") || name.includes("\0")) {
    throw malformed(`the path ${JSON.stringify(name.slice(0, 200))} leads out of it`);
  }
  return parts.join("/");
};

const unpack = (view: DataView, file: Uint8Array, entry: Entry): Uint8Array => {
  const { offset, packed, unpacked, method, name } = entry;
  const what = JSON.stringify(name.slice(0, 200));
  if (entry.encrypted) throw malformed(`${what} is encrypted`);
  if (offset + 30 > file.byteLength || view.getUint32(offset, true) !== fileSignature)
    throw malformed(`${what} is not where the directory says`);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > file.byteLength) throw malformed(`${what} reaches beyond the end`);
  const bytes = file.subarray(start, start + packed);
  if (method === 0) {
    if (packed !== unpacked) throw malformed(`${what} has two sizes`);
    return bytes;
  }
  if (method !== 8) throw malformed(`${what} is packed by method ${method}; stored and deflated files can be read`);
  try {
    const whole = inflateRawSync(bytes, { maxOutputLength: Math.max(1, unpacked) });
    if (whole.byteLength === unpacked) return whole;
  } catch (error) {
    throw malformed(`${what} cannot be unpacked`, error);
  }
  throw malformed(`${what} has not the size that the directory says`);
};

/** The files of a zip archive by their paths. Sizes are believed only where they are kept to, so that an archive grows no further than `limits`. */
export const readZip = (file: Uint8Array, limits: ZipLimits): Map<string, Uint8Array> => {
  if (file.byteLength < endBytes) throw malformed("it is too short");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const entries = readEntries(view, file, limits.entries).filter(({ name }) => !name.endsWith("/"));
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0);
  if (total > limits.bytes)
    throw new ServiceError("too_large", `the archive unpacks to ${total} bytes; at most ${limits.bytes} are allowed`);
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const path = safePath(entry.name);
    if (files.has(path)) throw malformed(`it holds ${JSON.stringify(path.slice(0, 200))} twice`);
    files.set(path, unpack(view, file, entry));
  }
  return files;
};
