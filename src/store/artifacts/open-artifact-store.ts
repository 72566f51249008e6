import { fileURLToPath } from "node:url";
import type { ArtifactStore } from "./artifact-store.ts";
import { createFileArtifactStore } from "./file-artifact-store.ts";
import { createCredentials } from "./s3/credentials.ts";
import { createS3ArtifactStore } from "./s3/s3-artifact-store.ts";
import { createS3Client } from "./s3/s3-client.ts";
import { type Environment, parseS3Url } from "./s3/s3-location.ts";

/**
 * The store that ARTIFACT_URL names: `file:///folder` or `s3://bucket/prefix?…`. Errors are lines for the operator who starts the
 * service. With `existing` it is not made: a process that has started knows that it is there, or away for a while.
 * @param env where the keys of S3 are looked for
 */
export const openArtifactStore = async (
  url: string,
  { env = {}, ...options }: { existing?: boolean; env?: Environment } = {},
): Promise<ArtifactStore> => {
  if (!URL.canParse(url))
    throw new Error(`ARTIFACT_URL ${url} is not a URL: expected file:///folder or s3://bucket/prefix`);
  const { protocol } = new URL(url);
  if (protocol === "file:") return createFileArtifactStore(fileURLToPath(url), options);
  if (protocol === "s3:") {
    const location = parseS3Url(url, env);
    return createS3ArtifactStore(createS3Client(location, createCredentials(env, location.region)));
  }
  throw new Error(`ARTIFACT_URL: ${protocol}// is not supported; use file:///folder or s3://bucket/prefix`);
};
