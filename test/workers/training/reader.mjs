import { workerData } from "node:worker_threads";
import { cacheArtifacts } from "../../../dist/src/store/artifacts/cached-artifact-store.js";
import { openArtifactStore } from "../../../dist/src/store/artifacts/open-artifact-store.js";
import { readRows } from "../../../dist/workers/reading/read-rows.js";

const { artifactUrl, artifactCache } = workerData;
await readRows(workerData, async () => {
  const store = await openArtifactStore(artifactUrl, { existing: true });
  return artifactCache === null ? store : cacheArtifacts(store, artifactCache);
});
