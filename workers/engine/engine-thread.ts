import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import { type KernelSource, loadEngineKernels } from "../../src/engine/kernels/engine-kernels.ts";
import { runTeamMember } from "../../src/engine/parallel/team.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { cacheArtifacts } from "../../src/store/artifacts/cached-artifact-store.ts";
import { openArtifactStore } from "../../src/store/artifacts/open-artifact-store.ts";
import { watchCalls } from "../../src/store/watch-calls.ts";
import { predictDataset } from "../predicting/predict-dataset.ts";
import { readRows } from "../reading/read-rows.ts";
import { leadJob } from "../training/lead.ts";
import { lowerPriority } from "./lower-priority.ts";
import { systemThread } from "./processor-time.ts";
import type { FromThread, RunEnd, RunOrder, ToThread } from "./protocol.ts";
import { toRunEnd } from "./run-error.ts";

/** What a thread of the pool is started with. */
export interface EngineThreadSetup {
  kernels: KernelSource;
}

assert(parentPort !== null, "engine-thread runs as a worker thread");
lowerPriority();
const port = parentPort;
const { kernels }: EngineThreadSetup = workerData;
const post = (message: FromThread): void => port.postMessage(message);

const openStore = async ({
  artifactUrl,
  artifactCache,
}: Pick<RunOrder, "artifactUrl" | "artifactCache">): Promise<ArtifactStore> => {
  const remote = await openArtifactStore(artifactUrl, { existing: true, env: process.env });
  return artifactCache === null ? remote : cacheArtifacts(remote, artifactCache);
};

const lead = async (order: RunOrder): Promise<RunEnd> => {
  try {
    const artifacts = watchCalls(await openStore(order), (operation, seconds, error) =>
      post({ type: "store_call", operation, seconds, error }),
    );
    return await (order.prediction === null ? leadJob : predictDataset)(order, { artifacts, kernels, post });
  } catch (error) {
    const end = toRunEnd(error);
    if (end === null) throw error;
    return end;
  }
};

/** One task at a time; an error that is not the job's own ends the thread, which is what its owner watches for. */
const work = async (task: ToThread): Promise<void> => {
  if (task.type === "lead") post({ type: "finished", end: await lead(task.order) });
  else if (task.type === "read") await readRows(task.order, () => openStore(task.order));
  else {
    const { plan, memory } = task.team;
    runTeamMember(plan, memory, await loadEngineKernels(kernels, memory), task.rank);
  }
  post({ type: "idle" });
};

post({ type: "ready", thread: systemThread() });
port.on("message", (task: ToThread) => {
  work(task).catch((error: unknown) => {
    // Out of the promise, so that it reaches the owner as the thread's `error`.
    setImmediate(() => {
      throw error;
    });
  });
});
