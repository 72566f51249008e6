import { Readable } from "node:stream";
import { type DataShape, dataShape } from "../../src/data/preprocessing/data-shape.ts";
import { prepare } from "../../src/data/preprocessing/prepare.ts";
import { ServiceError } from "../../src/domain/errors.ts";
import { modelIdOfJob } from "../../src/domain/ids.ts";
import type { MetricPoint, Metrics } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model, Preprocessing } from "../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import { isExact } from "../../src/engine/exact/exact-plan.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import type { TracedSpec } from "../../src/engine/nn/models.ts";
import { withOutputs } from "../../src/engine/nn/network-head.ts";
import { digestOfTensors, safetensorsChunks, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { type ArtifactStore, artifactKeys, type WrittenArtifact } from "../../src/store/artifacts/artifact-store.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { beat, currentSignal } from "../engine/control.ts";
import type { FromThread, RunEnd, RunOrder } from "../engine/protocol.ts";
import { readResumePoint, writeCheckpoint } from "./checkpoint-file.ts";
import { createClusteringRun } from "./clustering-run.ts";
import { dataEvents } from "./data-events.ts";
import { createExactRun } from "./exact/exact-run.ts";
import { finiteMetrics, finitePoint } from "./finite-point.ts";
import { createNetworkRun } from "./network-run.ts";
import { readBase } from "./read-base.ts";
import { readData } from "./read-data.ts";
import { StoppedReading } from "./stop-reading.ts";
import { patiently } from "./store-retry.ts";
import type { TrainingRun, TrainingRunContext, TrainingRunEnd } from "./training-run.ts";

/** Messages to the main thread at most this often: a tiny job makes thousands of steps a second. */
const postEveryMs = 100;

const digestHex = (digest: string): string => digest.replace(/^sha256:/, "");

/** Collects what a fit says and posts it in handfuls; `flush` posts the rest. */
const createReports = (post: (message: FromThread) => void) => {
  let points: MetricPoint[] = [];
  let progress = 0;
  let metrics: Metrics = {};
  let changed = false;
  let postedMs = performance.now();
  const flush = (): void => {
    postedMs = performance.now();
    if (points.length > 0) post({ type: "points", points });
    if (changed) post({ type: "progress", progress, metrics });
    points = [];
    changed = false;
  };
  const soon = (): void => {
    changed = true;
    if (performance.now() - postedMs >= postEveryMs) flush();
  };
  return {
    flush,
    onProgress: (value: number): void => {
      progress = value;
      soon();
    },
    onPoint: (measured: MetricPoint): void => {
      const point = finitePoint(measured);
      points.push(point);
      metrics = { ...metrics, trainLoss: point.trainLoss, ...point.metrics };
      soon();
    },
  };
};

/** What the model made of each validation row: with it trials are compared row by row. */
const writeScores = (
  artifacts: ArtifactStore,
  tenant: string,
  id: string,
  digest: string,
  scores: Tensor[],
): Promise<WrittenArtifact> => {
  const key = artifactKeys.scores(tenant, id, digestHex(digest));
  const chunks = safetensorsChunks(scores, { producer: "descent" });
  return patiently(() => artifacts.write(key, Readable.from(chunks)));
};

/** Weights to the store, under a name that bears their digest: an attempt that lost its job can only have written the same file. */
const publishWeights = async (
  artifacts: ArtifactStore,
  order: RunOrder,
  preprocessing: Preprocessing,
  end: Extract<TrainingRunEnd, { type: "completed" }>,
  network: NetworkDescription | null,
): Promise<RunEnd> => {
  const { tenant, dataset, base } = order;
  // Whom the job tells is no part of how the model was made, and its URL may hold a secret of the receiver's.
  const { webhook: _, ...spec } = order.spec;
  const id = modelIdOfJob(order.job);
  const digest = digestOfTensors(end.tensors);
  const metrics = finiteMetrics(end.metrics);
  const key = artifactKeys.weights(tenant, id, digestHex(digest));
  const chunks = safetensorsChunks(end.tensors, { producer: "descent" });
  const weights = await patiently(() => artifacts.write(key, Readable.from(chunks)));
  const text = Buffer.from(`${JSON.stringify(end.report, null, 2)}\n`);
  const report = await patiently(() => artifacts.write(artifactKeys.report(tenant, id, digestHex(digest)), text));
  const description =
    network === null
      ? null
      : await patiently(() =>
          artifacts.write(
            artifactKeys.network(tenant, id, digestHex(digest)),
            Buffer.from(JSON.stringify(withOutputs(network, preprocessing.outputs))),
          ),
        );
  const ofTrial = end.scores === null ? {} : { scores: await writeScores(artifacts, tenant, id, digest, end.scores) };
  const model: Omit<Model, "createdAt"> = {
    id,
    name: spec.name,
    job: order.job,
    dataset: dataset.id,
    base: base?.id ?? null,
    task: spec.task,
    spec,
    parameters: end.parameters,
    metrics,
    digest,
    files: { weights, report, ...(description === null ? {} : { network: description }), ...ofTrial },
    preprocessing,
  };
  return { type: "trained", model, metrics };
};

const createContext = (
  artifacts: ArtifactStore,
  order: RunOrder,
  reports: ReturnType<typeof createReports>,
  post: (message: FromThread) => void,
) => ({
  control: order.control,
  checkpointMs: order.checkpointMs,
  trial: order.trial,
  onProgress: reports.onProgress,
  onPoint: reports.onPoint,
  onEvent: ({ level, type, message, data }: Parameters<TrainingRunContext["onEvent"]>[0]): void => {
    reports.flush();
    post({ type: "event", level, name: type, message, data });
  },
  writeCheckpoint: async (content: Parameters<TrainingRunContext["writeCheckpoint"]>[0]): Promise<void> => {
    reports.flush();
    const startMs = performance.now();
    const { record, bytes } = await patiently(() => writeCheckpoint(artifacts, order, content));
    post({ type: "checkpoint", record, bytes, seconds: (performance.now() - startMs) / 1000 });
  },
});

const run = async (
  trainingRun: TrainingRun,
  order: RunOrder,
  { artifacts, network }: { artifacts: ArtifactStore; network: NetworkDescription | null },
  post: (message: FromThread) => void,
): Promise<RunEnd> => {
  const { spec, dataset } = order;
  if (trainingRun.team !== null) post({ type: "recruit", team: trainingRun.team });
  const initial = await readBase(artifacts, order, network);
  const intake = trainingRun.intake?.(initial ?? new Map(), order.control) ?? null;
  const preprocessing = await readData(artifacts, order, (openStream) =>
    prepare(spec, dataset, openStream, trainingRun.arrays, order.base, trainingRun.ownUnits, intake),
  );
  const reader = trainingRun.reader?.(preprocessing) ?? null;
  if (reader !== null) {
    const { tenant, artifactUrl, artifactCache } = order;
    post({ type: "recruit_reader", order: { tenant, dataset, artifactUrl, artifactCache, ...reader } });
  }
  const resume = await readResumePoint(artifacts, order, post);
  const secondsBefore = resume === null ? 0 : trainingRun.secondsOf(resume.state);
  post({ type: "started", secondsBefore, step: resume?.step ?? 0 });
  if (resume !== null)
    post({
      type: "event",
      level: "info",
      name: "resumed",
      message: `resumed at step ${resume.step}`,
      data: { step: resume.step },
    });
  if (currentSignal(order.control) !== "go") return { type: "stopped" };
  const reports = createReports(post);
  const context = createContext(artifacts, order, reports, post);
  if (resume === null && order.base === null)
    for (const event of dataEvents(preprocessing, trainingRun.arrays)) context.onEvent(event);
  let end: TrainingRunEnd;
  try {
    end = await trainingRun.fit({ ...context, preprocessing, initial, resume });
  } finally {
    // A fit that fails has told what led to it.
    reports.flush();
  }
  return end.type === "completed" ? publishWeights(artifacts, order, preprocessing, end, network) : end;
};

/** The plan is a function of spec and data, so it is what was admitted, unless the job was planned by another version of the service. */
const takeMemory = ({ admitted, memory }: RunOrder, memoryBytes: number): WebAssembly.Memory => {
  if (memoryBytes <= admitted.memoryBytes) return memory;
  throw new ServiceError(
    "over_limit",
    `the job needs ${memoryBytes} bytes, and was planned with ${admitted.memoryBytes} by another version of the service`,
  );
};

const createRun = async (
  spec: TracedSpec,
  shape: DataShape,
  kernels: KernelSource,
  take: (memoryBytes: number) => WebAssembly.Memory,
): Promise<TrainingRun> => {
  if (isClusteringModel(spec.model)) return createClusteringRun(spec, shape, take);
  if (isExact(spec)) return createExactRun(spec, shape, take);
  return createNetworkRun(spec, shape, kernels, take);
};

/**
 * A team as large as the trainer may have: how many compute changes no bit, and more of them than cores only wait for each other. And no more memory than was
 * admitted: what a smaller team leaves free must not make the plan another one.
 */
const withinTrainer = ({ spec, admitted }: RunOrder): ResolvedJobSpec => ({
  ...spec,
  resources: {
    ...spec.resources,
    threads: Math.min(spec.resources.threads, admitted.threads),
    memoryBytes: Math.min(spec.resources.memoryBytes, admitted.memoryBytes),
  },
});

/**
 * Runs a whole job on this thread and its team: reads and prepares the data, resumes, fits, and leaves the weights in the
 * store. Commits nothing: that is the main thread's, under the job's fence.
 */
export const leadJob = async (
  order: RunOrder,
  {
    artifacts,
    kernels,
    post,
  }: { artifacts: ArtifactStore; kernels: KernelSource; post: (message: FromThread) => void },
): Promise<RunEnd> => {
  // While data are read the event loop turns; while the fit computes, the trainingRun counts.
  const alive = setInterval(() => beat(order.control), 500);
  try {
    const spec = withinTrainer(order);
    const { base } = order;
    const network = base === null ? null : await patiently(() => readNetwork(artifacts, order.tenant, base));
    const shape = dataShape(spec, order.dataset, order.base);
    const take = (memoryBytes: number): WebAssembly.Memory => takeMemory(order, memoryBytes);
    const trainingRun = await createRun(network === null ? spec : { ...spec, network }, shape, kernels, take);
    try {
      return await run(trainingRun, order, { artifacts, network }, post);
    } catch (error) {
      if (error instanceof StoppedReading) return { type: "stopped" };
      throw error;
    } finally {
      trainingRun.dismiss();
    }
  } finally {
    clearInterval(alive);
  }
};
