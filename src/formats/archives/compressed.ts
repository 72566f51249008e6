import { pipeline, Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { ServiceError } from "../../domain/errors.ts";

/** How bytes may be compressed, as `Content-Encoding` names it (RFC 9110, 8.4.1; RFC 8878). */
export type Compression = "gzip" | "zstd";

const magics: readonly [Compression, readonly number[]][] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** What bytes begin like; null: nothing that is uncompressed here. */
export const compressionOf = (head: Uint8Array): Compression | null =>
  magics.find(([, magic]) => magic.every((byte, i) => head[i] === byte))?.[0] ?? null;

/** Node has zstd since 22.15. */
const createZstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;

export const hasZstd = createZstd !== undefined;

const createDecoder = (compression: Compression): Transform => {
  if (compression === "gzip") return zlib.createGunzip();
  if (createZstd !== undefined) return createZstd();
  throw new ServiceError(
    "unsupported_media_type",
    `this server's Node ${process.version} cannot uncompress zstd; send the file as it is, or compressed with gzip`,
  );
};

/** Of a body that is not whole. */
const damaged = (cause: Error, compression: Compression): ServiceError =>
  new ServiceError(
    "malformed",
    `the body is not whole ${compression}, as it begins or its Content-Encoding says: ${cause.message}`,
    { cause },
  );

/** zlib's errors are the client's; what the source throws is itself. */
async function* readable(
  stream: Readable,
  toError: (cause: Error) => ServiceError,
): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof Error && "code" in error && /^(Z_|ZSTD_|ERR_TRAILING_JUNK|ERR_ZSTD)/.test(String(error.code)))
      throw toError(error);
    throw error;
  }
}

/** What is in compressed bytes, as they come. How much comes out is for the reader to limit. Errors: `toError` of what is not whole; `unsupported_media_type` without zstd. */
export const uncompressed = (
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  toError: (cause: Error, compression: Compression) => ServiceError = damaged,
): Readable => {
  const decoder = createDecoder(compression);
  // What goes wrong reaches whoever reads, and is nobody's when nobody does any more.
  const plain = pipeline(Readable.from(source, { objectMode: false }), decoder, () => {}).on("error", () => {});
  return Readable.from(
    readable(plain, (cause) => toError(cause, compression)),
    { objectMode: false },
  );
};

const tarMagicAt = 257;

/** The bytes after which `isTar` can tell, and compressed ones that hold so many. */
export const [tarHead, compressedHead] = [512, 4096];

export const isTar = (head: Uint8Array): boolean =>
  Buffer.from(head.subarray(tarMagicAt, tarMagicAt + 5)).toString("latin1") === "ustar";

/** Bytes of an archive before ustar, or of what is damaged; tables have none, but for Parquet and UTF-16. */
const isOldTar = (head: Uint8Array): boolean =>
  head.subarray(0, tarHead).includes(0) &&
  Buffer.from(head.subarray(0, 4)).toString("latin1") !== "PAR1" &&
  head[0]! < 0xfe;

/** Whether gzip, of which these are the first bytes, holds an archive rather than a table. */
export const isTarGzip = (head: Uint8Array): boolean => {
  try {
    // A byte of gzip holds 1032 at most, so this is bounded.
    const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
    const plain = zlib.gunzipSync(head.subarray(0, compressedHead), options);
    return isTar(plain) || isOldTar(plain);
  } catch {
    // What is damaged is told when it is read.
    return false;
  }
};
