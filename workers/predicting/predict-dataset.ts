import { scanRows } from "../../src/data/columns/scan-rows.ts";
import { createRowReader, type StoredRow } from "../../src/data/stored/stored-rows.ts";
import { assert } from "../../src/domain/errors.ts";
import type { JobPrediction, PredictionBlock } from "../../src/domain/jobs/prediction-job.ts";
import { isImported, type Model } from "../../src/domain/models/model.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { corrupt } from "../../src/store/artifacts/verified.ts";
import { beat, currentSignal } from "../engine/control.ts";
import type { FromThread, RunEnd, RunOrder } from "../engine/protocol.ts";
import type { Answer } from "../inference/answer.ts";
import { loadModel } from "../inference/load-model.ts";
import { readResumePoint, writeCheckpoint } from "../training/checkpoint-file.ts";
import { tellPhase } from "../training/leading/tell-phase.ts";
import { readData } from "../training/read-data.ts";
import { StoppedReading } from "../training/stop-reading.ts";
import { patiently } from "../training/store-retry.ts";
import { answerBlock, rowsOfBlock } from "./answer-blocks.ts";

interface Surroundings {
  artifacts: ArtifactStore;
  kernels: KernelSource;
  post: (message: FromThread) => void;
}

/** Where a run stands, at the boundary of a block: all that a checkpoint keeps. */
interface Progress {
  blocks: PredictionBlock[];
  warnings: Record<string, number>;
  seconds: number;
}

const rowsIn = ({ blocks }: Progress): number => blocks.reduce((sum, { rows }) => sum + rows, 0);

/** Messages to the main thread at most this often. */
const postEveryMs = 100;

/** Writes checkpoints now and then, and tells how far the run is. */
const createProgress = (order: RunOrder, { artifacts, post }: Surroundings, start: Progress) => {
  const startedMs = performance.now();
  const progress: Progress = { ...start, blocks: [...start.blocks] };
  const warnings = new Map(Object.entries(start.warnings));
  const { rows } = order.prediction!;
  let keptMs = startedMs;
  let toldMs = startedMs;
  const seconds = (): number => start.seconds + (performance.now() - startedMs) / 1000;
  const keep = async (): Promise<void> => {
    const beganMs = performance.now();
    const state: Progress = { ...progress, warnings: Object.fromEntries(warnings), seconds: seconds() };
    const content = { step: rowsIn(progress), state, tensors: [] };
    const { record, bytes } = await patiently(() => writeCheckpoint(artifacts, order, content));
    post({ type: "checkpoint", record, bytes, seconds: (performance.now() - beganMs) / 1000 });
    keptMs = performance.now();
  };
  const add = async (block: PredictionBlock): Promise<void> => {
    progress.blocks.push(block);
    const nowMs = performance.now();
    if (nowMs - toldMs >= postEveryMs) {
      const done = rowsIn(progress);
      post({ type: "progress", progress: done / Math.max(1, rows), metrics: { predictedRows: done } });
      toldMs = nowMs;
    }
    if (nowMs - keptMs >= order.checkpointMs) await keep();
  };
  return { progress, warnings, keep, add };
};

/** Reads the file's rows after those that are done, and answers them block by block, none longer in memory than one block and what a piece of the file holds. */
const answerRows = async (
  order: RunOrder,
  { artifacts }: Surroundings,
  { model, answer }: { model: Model; answer: Answer },
  run: ReturnType<typeof createProgress>,
): Promise<void> => {
  const { tenant, job, dataset, control } = order;
  const { preprocessing } = model;
  const blockRows = rowsOfBlock(preprocessing);
  const skip = rowsIn(run.progress);
  const read = createRowReader(preprocessing, dataset);
  let rows: StoredRow[] = [];
  let seen = 0;
  const writeBlock = async (): Promise<void> => {
    const block = rows.slice(0, blockRows);
    rows = rows.slice(blockRows);
    const body = answerBlock(answer, preprocessing, block, rowsIn(run.progress), run.warnings);
    const key = artifactKeys.predictionBlock(tenant, job, run.progress.blocks.length);
    const { bytes, sha256 } = await patiently(() => artifacts.write(key, body));
    beat(control);
    await run.add({ rows: block.length, bytes, sha256 });
  };
  /** Between two pieces of the file what they held is answered, so that reading waits for writing. */
  async function* paced(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of stream) {
      yield chunk;
      beat(control);
      while (rows.length >= blockRows) {
        if (currentSignal(control) !== "go") throw new StoppedReading();
        await writeBlock();
      }
    }
  }
  const handlers = {
    header: () => {},
    record: (record: Parameters<typeof read>[0]) => {
      seen += 1;
      if (seen > skip) rows.push(read(record));
      return true;
    },
  };
  await readData(artifacts, order, async (open) => scanRows(paced(await open()), handlers, dataset));
  while (rows.length > 0) {
    if (currentSignal(control) !== "go") throw new StoppedReading();
    await writeBlock();
  }
  if (rowsIn(run.progress) !== dataset.rows)
    throw corrupt(`the file of ${dataset.id}`, `has ${seen} rows where its record says ${dataset.rows}`);
};

/** The list of the blocks, and the result that the job's record keeps. */
const finish = async (
  { tenant, job, prediction }: RunOrder,
  artifacts: ArtifactStore,
  { blocks }: Progress,
  warnings: ReadonlyMap<string, number>,
): Promise<RunEnd> => {
  assert(prediction !== null, "the order is to predict");
  const body = Buffer.from(JSON.stringify({ blocks }));
  const index = await patiently(() => artifacts.write(artifactKeys.predictionIndex(tenant, job), body));
  const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const result: JobPrediction["result"] = {
    ...{ rows, bytes, index },
    warnings: Object.fromEntries([...warnings].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return { type: "predicted", prediction: { ...prediction, result }, metrics: { predictedRows: rows } };
};

/**
 * Predicts every row of a stored data set. Answers are written in blocks, whose rows depend on the model alone; a run that was cut goes on at the
 * last block that a checkpoint names, and writes the same bytes as one that was not.
 */
export const predictDataset = async (order: RunOrder, surroundings: Surroundings): Promise<RunEnd> => {
  const { artifacts, kernels, post } = surroundings;
  const { base: model, tenant, control, memory } = order;
  assert(model !== null && !isImported(model), "a prediction has a model with columns");
  tellPhase(post, "read");
  const { value: answer } = await loadModel(artifacts, kernels, tenant, model, memory);
  const found = await readResumePoint(artifacts, order, post);
  const start = (found?.state as Progress | undefined) ?? { blocks: [], warnings: {}, seconds: 0 };
  const run = createProgress(order, surroundings, start);
  post({ type: "started", secondsBefore: start.seconds, step: rowsIn(start) });
  try {
    tellPhase(post, "predict");
    await answerRows(order, surroundings, { model, answer }, run);
  } catch (error) {
    if (!(error instanceof StoppedReading)) throw error;
    if (currentSignal(control) === "checkpoint") await run.keep();
    return { type: "stopped" };
  }
  tellPhase(post, "store");
  return finish(order, artifacts, run.progress, run.warnings);
};
