import { buffer } from "node:stream/consumers";
import type { ServiceError } from "../../domain/errors.ts";
import { type ArchiveFile, type ArchiveLimits, badArchive, type ReadArchive, type Wanted } from "./archive-file.ts";
import { compressionOf, isTar, tarHead, uncompressed } from "./compressed.ts";
import { tarFiles } from "./tar-files.ts";
import { zipFiles } from "./zip-files.ts";

const damaged = (cause: Error): ServiceError => badArchive(`it is not whole gzip: ${cause.message}`, cause);

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
  const head = await buffer(await read({ start: 0, end: Math.min(size, tarHead) }));
  if (head.subarray(0, 2).toString("latin1") === "PK") yield* zipFiles(read, size, limits, wanted);
  else if (compressionOf(head) === "gzip") yield* tarFiles(uncompressed(await read(), "gzip", damaged), limits, wanted);
  else if (isTar(head)) yield* tarFiles(await read(), limits, wanted);
  else throw badArchive("it is neither zip, tar nor tar.gz");
}
