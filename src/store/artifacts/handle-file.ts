import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { ArtifactFile } from "./artifact-store.ts";
import { onFiles } from "./file-error.ts";

/** A local file, read by place. Whoever reads so has a thread for it: a hop to another one would cost ten times the read. */
export const fileOfHandle = (handle: FileHandle): ArtifactFile => ({
  read: (into, start) =>
    onFiles(async () => {
      let filled = 0;
      while (filled < into.length) {
        const bytes = readSync(handle.fd, into, filled, into.length - filled, start + filled);
        if (bytes === 0) break;
        filled += bytes;
      }
      return filled;
    }),
  close: () => onFiles(() => handle.close()),
});
