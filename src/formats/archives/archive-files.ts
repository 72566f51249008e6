import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type ArchiveFile, type ArchiveLimits, badArchive, type ReadArchive, type Wanted } from "./archive-file.ts";
import { tarFiles } from "./tar-files.ts";
import { zipFiles } from "./zip-files.ts";

const headBytes = 512;

const firstBytes = async (read: ReadArchive, size: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await read({ start: 0, end: Math.min(size, headBytes) })) chunks.push(chunk);
  return Buffer.concat(chunks);
};

async function* gunzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  // What goes wrong reaches whoever reads, and is nobody's when nobody does any more.
  const plain = pipeline(Readable.from(source, { objectMode: false }), createGunzip(), () => {}).on("error", () => {});
  try {
    for await (const chunk of plain) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof Error && "code" in error && /^(Z_|ERR_TRAILING_JUNK)/.test(String(error.code)))
      throw badArchive(`it is not whole gzip: ${error.message}`, error);
    throw error;
  }
}

/**
 * The files of an archive, whose kind its first bytes tell: zip, tar or tar.gz. One file is held at a time.
 * @param size of the archive in bytes
 */
export async function* archiveFiles(
  read: ReadArchive,
  size: number,
  limits: ArchiveLimits,
  wanted: Wanted = () => true,
): AsyncGenerator<ArchiveFile, void, void> {
  const head = await firstBytes(read, size);
  if (head.subarray(0, 2).toString("latin1") === "PK") yield* zipFiles(read, size, limits, wanted);
  else if (head[0] === 0x1f && head[1] === 0x8b) yield* tarFiles(gunzipped(await read()), limits, wanted);
  else if (head.toString("latin1", 257, 262) === "ustar") yield* tarFiles(await read(), limits, wanted);
  else throw badArchive("it is neither zip, tar nor tar.gz");
}
