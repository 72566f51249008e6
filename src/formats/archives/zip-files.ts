import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { ServiceError } from "../../domain/errors.ts";
import {
  type ArchiveFile,
  type ArchiveLimits,
  badArchive,
  createArchiveGauge,
  isClutter,
  leadsOut,
  type ReadArchive,
  safePath,
  tooLargeFor,
  type Wanted,
} from "./archive-file.ts";

/** Reads a piece when it is asked for, so that no more of the archive is held than that. */
const createReader = (read: ReadArchive): RandomAccessReader => {
  async function* piece(start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    if (end > start) yield* await read({ start, end });
  }
  const reader = new RandomAccessReader();
  reader._readStreamForRange = (start, end) => Readable.from(piece(start, end), { objectMode: false });
  return reader;
};

/** What is wrong with an archive is the client's; what the store throws is itself. */
const toError = (error: unknown): unknown => {
  if (error instanceof ServiceError) return error;
  // The library looks at paths before we do.
  const path =
    error instanceof Error ? /^(?:invalid relative|absolute) path: (.*)$/s.exec(error.message)?.[1] : undefined;
  if (path !== undefined) return leadsOut(path);
  return badArchive(error instanceof Error ? error.message.slice(0, 200) : "it is damaged", error);
};

/** The unpacked bytes. They are as many as the directory says, or it is an error: whoever has checked that has checked all. */
const unpack = async (zip: ZipFile, entry: Entry): Promise<Buffer> => buffer(await zip.openReadStreamPromise(entry));

/** @returns why the file cannot be had, before any of it is unpacked */
const problemOf = (entry: Entry, { entryBytes }: ArchiveLimits): string | null => {
  if (entry.isEncrypted()) return "it is encrypted";
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    return `it is packed by method ${entry.compressionMethod}; files that are stored or deflated can be read`;
  return entry.uncompressedSize > entryBytes ? tooLargeFor(entry.uncompressedSize, entryBytes) : null;
};

/**
 * The files of a zip archive in the order of its directory, one held at a time. Of an entry that is damaged the problem is told; `malformed`
 * when the archive's directory is, or a path leads out of it; `too_large` beyond the limits.
 */
export async function* zipFiles(
  read: ReadArchive,
  size: number,
  limits: ArchiveLimits,
  wanted: Wanted = () => true,
): AsyncGenerator<ArchiveFile, void, void> {
  const gauge = createArchiveGauge(limits);
  try {
    const zip = await fromRandomAccessReaderPromise(createReader(read), size, {
      autoClose: false,
      strictFileNames: false,
    });
    for await (const entry of zip.eachEntry()) {
      gauge.addEntry();
      const path = safePath(entry.fileName);
      if (entry.fileName.endsWith("/") || isClutter(path)) continue;
      gauge.addFile(path);
      if (!wanted(path)) continue;
      const problem = problemOf(entry, limits);
      if (problem !== null) {
        yield { path, problem };
        continue;
      }
      gauge.addBytes(entry.uncompressedSize);
      const bytes = await unpack(zip, entry).catch((error: unknown) => {
        if (error instanceof ServiceError) throw error;
        return null;
      });
      yield bytes === null ? { path, problem: "it cannot be unpacked: the archive is damaged there" } : { path, bytes };
    }
  } catch (error) {
    throw toError(error);
  }
}
