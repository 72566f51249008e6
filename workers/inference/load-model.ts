import { decodeOutputs } from "../../src/data/preprocessing/decode-outputs.ts";
import { assert } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { FoldModel } from "../../src/domain/models/cross-validation.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import { type ClusterPrediction, createClusterPredictor } from "../../src/engine/cluster/predict-clusters.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import { createPredictor } from "../../src/engine/train/predictor.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { weightsOf } from "../../src/store/artifacts/model-files.ts";
import { readFoldModels } from "../../src/store/artifacts/read-fold-models.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import { toClusterModel } from "../training/clustering-run.ts";
import { decodeStored } from "../training/stored-tensors.ts";
import type { Answer } from "./answer.ts";
import { createFoldAnswer, foldWeights } from "./fold-answers.ts";
import type { Loaded } from "./loaded-models.ts";
import { decodeReconstructions } from "./reconstruction.ts";

const isFloat32 = (tensor: Tensor): tensor is Extract<Tensor, { dtype: "F32" }> => tensor.dtype === "F32";
const isFloat64 = (tensor: Tensor): tensor is Extract<Tensor, { dtype: "F64" }> => tensor.dtype === "F64";

const networkAnswer = async (
  model: Model,
  {
    tensors,
    network,
    folds,
  }: { tensors: readonly Tensor[]; network: NetworkDescription | null; folds: readonly FoldModel[] | null },
  kernels: KernelSource,
  memory: WebAssembly.Memory | undefined,
): Promise<Loaded<Answer>> => {
  const { preprocessing, task } = model;
  const spec = network === null ? model.spec : { ...model.spec, network };
  if (folds !== null) {
    const [first] = foldWeights(tensors, folds);
    const predictor = await createPredictor(spec, preprocessing, first!, kernels, memory);
    const bytes = predictor.bytes + tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    return { value: createFoldAnswer(preprocessing, folds, tensors, predictor), bytes };
  }
  const weights = new Map(tensors.filter(isFloat32).map(({ name, data }) => [name, data]));
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

const clusterAnswer = (model: Model, tensors: readonly Tensor[]): Answer => {
  const { preprocessing, spec } = model;
  const parts = tensors.filter(isFloat64).map(({ name, shape, data }) => ({ name, shape, values: data }));
  const predict = createClusterPredictor(toClusterModel(spec, preprocessing, parts));
  return ({ inputs: [values], rows }) => {
    assert(values !== undefined, "rows have one input");
    return decodeClusters(model, predict({ values, rows, columns: preprocessing.inputs }));
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
  const { tensors } = decodeStored(file, what);
  if (isClusteringModel(model.spec.model)) return { value: clusterAnswer(model, tensors), bytes: file.byteLength };
  const network = await readNetwork(artifacts, tenant, model);
  const folds = await readFoldModels(artifacts, tenant, model);
  return networkAnswer(model, { tensors, network, folds }, kernels, memory);
};
