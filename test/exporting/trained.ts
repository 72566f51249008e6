import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { readRows } from "../../src/data/columns/read-rows.ts";
import { dataShape } from "../../src/data/preprocessing/data-shape.ts";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import { withExposures } from "../../src/data/preprocessing/encoders/exposure-cell.ts";
import { prepare } from "../../src/data/preprocessing/prepare.ts";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import { resolveSpec } from "../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import { digestOfTensors, safetensorsChunks, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { createControl } from "../../workers/engine/control.ts";
import { loadModel } from "../../workers/inference/load-model.ts";
import { createClusteringRun } from "../../workers/training/clustering-run.ts";
import { withThreshold } from "../../workers/training/leading/publish-weights.ts";
import { createNetworkRun } from "../../workers/training/network-run.ts";
import { datasetOf, jobSpec } from "../data/csv-fixtures.ts";
import { compiled } from "../engine/train/job.ts";
import type { Feed } from "./runtime.ts";

export const tenant = "default";

/** A store in a folder of its own. */
export const temporaryStore = async (): Promise<{ store: ArtifactStore; remove: () => Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), "descent-export-"));
  return { store: await createFileArtifactStore(folder), remove: () => rm(folder, { recursive: true, force: true }) };
};

/** Weights as a trainer leaves them, and the record of their model. */
export const storeModel = async (
  store: ArtifactStore,
  model: Pick<Model, "spec" | "task" | "preprocessing">,
  tensors: readonly Tensor[],
  network: NetworkDescription | null = null,
): Promise<Model> => {
  const id = "mdl_01JD0000000000000000000000";
  const digest = digestOfTensors(tensors);
  const key = artifactKeys.weights(tenant, id, digest.replace("sha256:", ""));
  const weights = await store.write(key, Readable.from(safetensorsChunks(tensors)));
  const described = artifactKeys.network(tenant, id, digest.replace("sha256:", ""));
  const files = {
    weights,
    report: await store.write(artifactKeys.report(tenant, id, digest.replace("sha256:", "")), Buffer.from("{}")),
    ...(network && { network: await store.write(described, Buffer.from(JSON.stringify(network))) }),
  };
  return {
    ...{ id, digest, ...model },
    ...{ name: "exported", job: null, dataset: null, base: null, parameters: 0, metrics: {} },
    files,
    createdAt: "2026-11-26T00:00:00.000Z",
  };
};

/** A job on a file, as the trainer runs it, and its model in the store. */
export const trainInto = async (store: ArtifactStore, open: () => Readable, input: Omit<JobSpecInput, "dataset">) => {
  const dataset = await datasetOf(open);
  const spec = resolveSpec(jobSpec(input), dataset, null, 1);
  const shape = dataShape(spec, dataset);
  const take = (bytes: number): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: bytes / 65_536, maximum: bytes / 65_536, shared: true });
  const run = isClusteringModel(spec.model)
    ? await createClusteringRun(spec, shape, await compiled, take, "")
    : await createNetworkRun(spec, shape, await compiled, take, {
        scratchFolder: "",
        cores: () => 1,
        goOn: () => true,
      });
  const preprocessing = await prepare(spec, dataset, open, run.arrays, null);
  const end = await run.fit({
    control: createControl(),
    checkpointMs: Number.POSITIVE_INFINITY,
    ...{ preprocessing, initial: null, resume: null, trial: null },
    ...{
      onProgress: () => {},
      onPhase: () => {},
      onPoint: () => {},
      onEvent: () => {},
      writeCheckpoint: async () => {},
    },
  });
  run.dismiss();
  if (end.type !== "completed") throw new Error(`the job ended ${end.type}`);
  const model = await storeModel(
    store,
    { spec, task: spec.task, preprocessing: withThreshold(preprocessing, end.threshold, end.calibration) },
    end.tensors,
  );
  return { model, rows: (await readRows(open(), { limit: 1000 }, dataset)).rows };
};

/** Raw rows as the file takes them: what is missing is NaN or an empty text. */
export const feedsOf = ({ preprocessing }: Model, rows: readonly Row[]): Record<string, Feed> =>
  Object.fromEntries(
    preprocessing.features.map(({ type, column }): [string, Feed] => {
      const dims = [rows.length, 1];
      if (type === "datetime") {
        const seconds = (cell: unknown): number => (typeof cell === "string" ? Date.parse(cell) / 1000 : Number.NaN);
        return [column, { type: "float64", dims, data: Float64Array.from(rows, (row) => seconds(row[column])) }];
      }
      if (type === "category")
        return [column, { type: "string", dims, data: rows.map((row) => String(row[column] ?? "")) }];
      return [
        column,
        { type: "float64", dims, data: Float64Array.from(rows, (row) => Number(row[column] ?? Number.NaN)) },
      ];
    }),
  );

/** What the service answers to these rows. */
export const predictionsOf = async (
  store: ArtifactStore,
  model: Model,
  rows: readonly Row[],
): Promise<Prediction[]> => {
  const { value: answer } = await loadModel(store, await compiled, tenant, model);
  const { inputs, exposures } = encodeRows(model.preprocessing, [...rows]);
  return withExposures(answer({ inputs: [inputs], rows: rows.length }), exposures);
};
