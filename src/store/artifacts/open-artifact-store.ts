import { fileURLToPath } from "node:url";
import type { ArtifactStore } from "./artifact-store.ts";
import { createFileArtifactStore } from "./file-artifact-store.ts";

/**
 * The store that ARTIFACT_URL names: `file:///folder`. Errors are lines for the operator who starts the service. With `existing` it
 * is not made: a process that has started knows that it is there, or away for a while.
 */
export const openArtifactStore = async (url: string, options: { existing?: boolean } = {}): Promise<ArtifactStore> => {
  if (!URL.canParse(url)) throw new Error(`ARTIFACT_URL ${url} is not a URL: expected file:///folder`);
  const { protocol } = new URL(url);
  if (protocol === "file:") return createFileArtifactStore(fileURLToPath(url), options);
  if (protocol === "s3:") throw new Error("ARTIFACT_URL: s3:// is not supported yet; use file:///folder");
  throw new Error(`ARTIFACT_URL: ${protocol}// is not supported; use file:///folder`);
};
