import { fileURLToPath } from "node:url";
import type { ArtifactStore } from "./artifact-store.ts";
import { createFileArtifactStore } from "./file-artifact-store.ts";

/** The store that ARTIFACT_URL names: `file:///folder`. Errors are lines for the operator who starts the service. */
export const openArtifactStore = async (url: string): Promise<ArtifactStore> => {
  if (!URL.canParse(url)) throw new Error(`ARTIFACT_URL ${url} is not a URL: expected file:///folder`);
  const { protocol } = new URL(url);
  if (protocol === "file:") return createFileArtifactStore(fileURLToPath(url));
  if (protocol === "s3:") throw new Error("ARTIFACT_URL: s3:// is not supported yet; use file:///folder");
  throw new Error(`ARTIFACT_URL: ${protocol}// is not supported; use file:///folder`);
};
