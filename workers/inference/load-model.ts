import { decodeOutputs } from "../../src/data/preprocessing/decode-outputs.ts";
import { assert } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { type ClusterPrediction, createClusterPredictor } from "../../src/engine/cluster/predict-clusters.ts";
import { loadClusteringKernels } from "../../src/engine/kernels/clustering/load-clustering-kernels.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import { tableOf } from "../../src/engine/tensor/table.ts";
import { createPredictor } from "../../src/engine/train/predictor.ts";
import type { FoldContent, ModelContent } from "../../src/exporting/export-model.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { measuredModelsOf, weightsOf } from "../../src/store/artifacts/model-files.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import { fromKeptTensors } from "../training/folds/kept-models.ts";
import { decodeStored } from "../training/stored-tensors.ts";
import type { Answer } from "./answer.ts";
import { createFoldAnswer } from "./fold-answers.ts";
import type { Loaded } from "./loaded-models.ts";
import { floatsOf, readContent } from "./read-content.ts";
import { decodeReconstructions } from "./reconstruction.ts";

type ContentOf<T extends ModelContent["type"]> = Extract<ModelContent, { type: T }>;

const foldsAnswer = async (
  { preprocessing }: Pick<Model, "preprocessing">,
  { spec, folds }: ContentOf<"folds">,
  kernels: KernelSource,
  memory: WebAssembly.Memory | undefined,
): Promise<Loaded<Answer>> => {
  const predictor = await createPredictor(spec, preprocessing, folds[0]!.weights, kernels, memory);
  const kept = folds.flatMap(({ weights }) => [...weights.values()]);
  const bytes = predictor.bytes + kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { value: createFoldAnswer(preprocessing, folds, predictor), bytes };
};

/** The models beside a model whose scores its promises of coverage are, ready to answer; null: none are kept. `corrupt` if they are not what was written. */
export const loadMeasured = async (
  artifacts: ArtifactStore,
  kernels: KernelSource,
  tenant: TenantId,
  model: Model,
): Promise<Loaded<Answer | null>> => {
  const file = measuredModelsOf(tenant, model);
  if (file === null) return { value: null, bytes: 0 };
  const { tensors } = decodeStored(await readVerified(artifacts, file.key, file.check, file.what), file.what);
  const network = await readNetwork(artifacts, tenant, model);
  const spec = network === null ? model.spec : { ...model.spec, network };
  const folds = fromKeptTensors(tensors).map((kept): FoldContent => ({ ...kept, weights: floatsOf(kept.tensors) }));
  // Of a refit there is one, which decides as it was measured.
  const preprocessing = model.refit === undefined ? model.preprocessing : folds[0]!.preprocessing;
  return foldsAnswer({ preprocessing }, { type: "folds", spec, folds }, kernels, undefined);
};

const networkAnswer = async (
  { preprocessing, task }: Model,
  { spec, weights }: ContentOf<"network">,
  kernels: KernelSource,
  memory: WebAssembly.Memory | undefined,
): Promise<Loaded<Answer>> => {
  const predictor = await createPredictor(spec, preprocessing, weights, kernels, memory);
  const value: Answer = ({ inputs: [inputs] }) => {
    assert(inputs !== undefined, "rows have one input");
    const outputs = predictor.predict(inputs);
    if (task.type === "reconstruction") return decodeReconstructions(preprocessing, inputs, outputs);
    return decodeOutputs(preprocessing, outputs);
  };
  return { value, bytes: predictor.bytes };
};

const decodeClusters = (model: Model, answers: ClusterPrediction): Prediction[] =>
  Array.from(answers.assignments, (cluster, row): Prediction => {
    const part = (values: Float64Array): number[] =>
      Array.from(values.subarray(row * answers.k, (row + 1) * answers.k));
    if (answers.model === "k_means") return { cluster, distances: part(answers.distances) };
    const logDensity = answers.logDensities[row]!;
    if (model.task.type === "density_estimation") return { logDensity };
    return { cluster, probabilities: part(answers.responsibilities), logDensity };
  });

const clusterAnswer = async (
  model: Model,
  { clusters }: ContentOf<"clusters">,
  { native }: KernelSource,
): Promise<Answer> => {
  const predict = createClusterPredictor(clusters, await loadClusteringKernels(native));
  return ({ inputs: [values] }) => {
    assert(values !== undefined, "rows have one input");
    return decodeClusters(model, predict(tableOf(values, model.preprocessing.inputs)));
  };
};

/** Reads a model's weights from the store, `corrupt` if they are not what was written, and makes it ready to answer. `bytes`: of what it keeps. */
export const loadModel = async (
  artifacts: ArtifactStore,
  kernels: KernelSource,
  tenant: TenantId,
  model: Model,
  /** Large enough and all zero; left out: one of its own. */
  memory?: WebAssembly.Memory,
): Promise<Loaded<Answer>> => {
  const { key, check, what } = weightsOf(tenant, model);
  const file = await readVerified(artifacts, key, check, what);
  const content = await readContent(artifacts, tenant, model, decodeStored(file, what).tensors);
  if (content.type === "clusters")
    return { value: await clusterAnswer(model, content, kernels), bytes: file.byteLength };
  if (content.type === "folds") return foldsAnswer(model, content, kernels, memory);
  return networkAnswer(model, content, kernels, memory);
};
