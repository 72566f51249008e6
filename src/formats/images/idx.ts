import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { badArchive, quotedPath } from "../archives/archive-file.ts";
import { type ByteReader, createByteReader } from "../archives/byte-reader.ts";
import { compressionOf, uncompressed } from "../archives/compressed.ts";

/**
 * Files of the MNIST family (Y. LeCun's IDX): two zero bytes, the type of the numbers (8: a byte each), how many axes, the axes' sizes as
 * big-endian uint32, then the numbers.
 */
const typeNames: Readonly<Record<number, string>> = {
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

const endsEarly = (path: string, stated: string) =>
  badArchive(`${quotedPath(path)} ends early: it states ${stated}; upload the whole of it`);

/** The bytes, uncompressed where they are gzip. */
const plain = (path: string, bytes: Uint8Array): AsyncIterable<Uint8Array> => {
  const source = Readable.from([bytes], { objectMode: false });
  if (compressionOf(bytes) !== "gzip") return source;
  return uncompressed(source, "gzip", (cause) =>
    badArchive(`${quotedPath(path)} is not whole gzip: ${cause.message}`, cause),
  );
};

const readHeader = async (reader: ByteReader, path: string, axes: number): Promise<number[]> => {
  const magic = await reader.take(4);
  if (magic?.[0] !== 0 || magic[1] !== 0) throw badArchive(`${quotedPath(path)} is no IDX file`);
  if (magic[2] !== 8) {
    const type = typeNames[magic[2]!] ?? `numbers of the unknown type ${magic[2]}`;
    throw badArchive(`${quotedPath(path)} holds ${type}; IDX files of unsigned bytes can be read`);
  }
  if (magic[3] !== axes) throw badArchive(`${quotedPath(path)} has ${magic[3]} axes where ${axes} are needed`);
  const sizes = await reader.take(4 * axes);
  if (!sizes) throw endsEarly(path, `${axes} axes`);
  return Array.from({ length: axes }, (_, i) => sizes.readUInt32BE(4 * i));
};

const requireEnd = async (reader: ByteReader, path: string, stated: string): Promise<void> => {
  if (!(await reader.skip(1))) return;
  throw badArchive(`${quotedPath(path)} goes on after the end: it states ${stated}`);
};

/** What is read of a file, which is let go of however that ends. */
async function* reading<T>(
  path: string,
  bytes: Uint8Array,
  read: (reader: ByteReader) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const reader = createByteReader(plain(path, bytes));
  try {
    yield* read(reader);
  } finally {
    await reader.close();
  }
}

/**
 * The labels of a file of one axis, at most so many. `malformed`: it is none, is cut short or goes on, states more.
 * @param bytes the file as it lies in the archive, compressed by gzip or not
 */
export const readIdxLabels = async (path: string, bytes: Uint8Array, most: number): Promise<Uint8Array> => {
  for await (const labels of reading(path, bytes, async function* (reader) {
    const [count = 0] = await readHeader(reader, path, 1);
    const stated = `${count} labels`;
    if (count > most) throw badArchive(`${quotedPath(path)} states ${stated}; at most ${most} can be read`);
    const labels = count === 0 ? Buffer.alloc(0) : await reader.take(count);
    if (!labels) throw endsEarly(path, stated);
    await requireEnd(reader, path, stated);
    yield labels;
  }))
    return labels;
  throw endsEarly(path, "labels");
};

export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The images of a file of three axes, rows of pixels from the top, one held at a time; first what the file says of them. `malformed`: it is none, is cut short or
 * goes on, has sides beyond `mostSide`.
 */
export const readIdxImages = (
  path: string,
  bytes: Uint8Array,
  { mostSide, begin }: { mostSide: number; begin: (images: IdxImages) => void },
): AsyncGenerator<Buffer, void, void> =>
  reading(path, bytes, async function* (reader) {
    const [count = 0, height = 0, width = 0] = await readHeader(reader, path, 3);
    const stated = `${count} images of ${height} × ${width}`;
    if (height < 1 || width < 1 || height > mostSide || width > mostSide)
      throw badArchive(`${quotedPath(path)} states ${stated}; sides of 1 to ${mostSide} pixels can be read`);
    begin({ count, height, width });
    for (let i = 0; i < count; i++) {
      const image = await reader.take(height * width);
      if (!image) throw endsEarly(path, stated);
      yield image;
    }
    await requireEnd(reader, path, stated);
  });
