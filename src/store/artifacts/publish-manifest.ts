import type { ArtifactStore } from "./artifact-store.ts";
import { encodeManifest } from "./manifest-file.ts";

/** Writes the manifest of a record that was changed until it is what is recorded: of two changes at once, either may come last. */
export const publishManifest = async (
  artifacts: Pick<ArtifactStore, "write">,
  key: string,
  changed: object,
  recorded: () => Promise<object>,
): Promise<void> => {
  for (let written = encodeManifest(changed); ; ) {
    await artifacts.write(key, written);
    const now = encodeManifest(await recorded());
    if (now.equals(written)) return;
    written = now;
  }
};
