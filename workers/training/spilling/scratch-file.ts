import { closeSync, mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { ServiceError } from "../../../src/domain/errors.ts";
import { temporaryName } from "../../../src/store/artifacts/temporary-files.ts";
import { createSpill, type SpillFile } from "../../reading/spilled/open-spill.ts";

const grouped = (value: number): string => value.toLocaleString("en-US");

const requireRoom = (folder: string, bytes: number): void => {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  throw new ServiceError(
    "too_large",
    `the rows do not fit into the job's memory, and on the trainer's disk they take ${grouped(bytes)} bytes, of which ${grouped(bavail * bsize)} are free: free space there, or raise resources.memoryBytes`,
  );
};

export interface ScratchFile extends SpillFile {
  readonly path: string;
  /** Removes its name: nothing is left of it once it is closed, whatever ends this process. */
  hide(): void;
  /** Removes it. */
  close(): void;
}

/** Makes a file for so many bytes, in a folder that this process may share with others. `too_large` where the disk has no room. */
export const makeScratchFile = (folder: string, bytes: number): ScratchFile => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  requireRoom(folder, bytes);
  const path = join(folder, temporaryName());
  const file = createSpill(path);
  const hide = (): void => rmSync(path, { force: true });
  const close = (): void => {
    closeSync(file.descriptor);
    hide();
  };
  return { ...file, path, hide, close };
};
