import { openSync, readSync, rmSync, writeSync } from "node:fs";
import { ServiceError } from "../../../src/domain/errors.ts";
import { isStoreFull, systemCode } from "../../training/store-retry.ts";

/** A file of encoded rows. Errors of the disk are the job's end, in words: `too_large` where it is full, else `corrupt`. */
export interface SpillFile {
  readonly descriptor: number;
  /** Fills the whole of `into`. */
  read(into: Uint8Array, position: number): void;
  write(from: Uint8Array, position: number): void;
  damaged(): ServiceError;
}

const what = "the file of encoded rows on the trainer's disk";

/** What the disk does, as the job is told of it. */
const told = <T>(step: () => T): T => {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof ServiceError || systemCode(cause) === null) throw cause;
    const { message } = cause as Error;
    if (isStoreFull(cause))
      throw new ServiceError(
        "too_large",
        `${what} has no room: ${message}; free space, or raise resources.memoryBytes so that the rows lie in memory`,
        { cause },
      );
    throw new ServiceError("corrupt", `${what} cannot be used: ${message}`, { cause });
  }
};

const damaged = (): ServiceError => new ServiceError("corrupt", `${what} is not what was written`);

const fileOf = (descriptor: number): SpillFile => ({
  descriptor,
  read: (into, position) =>
    told(() => {
      for (let at = 0; at < into.length; ) {
        const bytes = readSync(descriptor, into, at, into.length - at, position + at);
        if (bytes === 0) throw damaged();
        at += bytes;
      }
    }),
  write: (from, position) =>
    told(() => {
      for (let at = 0; at < from.length; ) at += writeSync(descriptor, from, at, from.length - at, position + at);
    }),
  damaged,
});

/** Makes the file. */
export const createSpill = (path: string): SpillFile => fileOf(told(() => openSync(path, "wx+", 0o600)));

/** Opens the file, which from now on has no name. */
export const openSpill = (path: string): SpillFile => {
  const file = fileOf(told(() => openSync(path, "r+")));
  rmSync(path, { force: true });
  return file;
};
