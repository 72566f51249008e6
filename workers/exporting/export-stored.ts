import { assert } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../../src/domain/models/model.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import { exportImported } from "../../src/exporting/export-imported.ts";
import { exportModel, type ModelContent } from "../../src/exporting/export-model.ts";
import type { OnnxFile } from "../../src/formats/onnx/writing/onnx-file.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { unstackTensors } from "../../src/formats/safetensors/stacked-tensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { weightsOf } from "../../src/store/artifacts/model-files.ts";
import { readFoldModels } from "../../src/store/artifacts/read-fold-models.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import { toClusterModel } from "../training/clustering-run.ts";
import { decodeStored } from "../training/stored-tensors.ts";

const readTensors = async (artifacts: ArtifactStore, tenant: TenantId, model: AnyModel): Promise<readonly Tensor[]> => {
  const { key, check, what } = weightsOf(tenant, model);
  return decodeStored(await readVerified(artifacts, key, check, what), what).tensors;
};

const floatsOf = (tensors: readonly Tensor[]): ReadonlyMap<string, Float32Array> =>
  new Map(tensors.flatMap(({ name, dtype, data }) => (dtype === "F32" ? [[name, data] as const] : [])));

/** What a model of a job is, from its record and its stored weights. */
const readContent = async (artifacts: ArtifactStore, tenant: TenantId, model: Model): Promise<ModelContent> => {
  const tensors = await readTensors(artifacts, tenant, model);
  const { spec, preprocessing } = model;
  if (!isClusteringModel(spec.model)) {
    const network = await readNetwork(artifacts, tenant, model);
    const folds = await readFoldModels(artifacts, tenant, model);
    if (folds !== null) {
      const weights = unstackTensors(tensors, folds.length).map(floatsOf);
      const traced = network === null ? spec : { ...spec, network };
      return { type: "folds", spec: traced, folds: folds.map((fold, i) => ({ ...fold, weights: weights[i]! })) };
    }
    return { type: "network", spec: network === null ? spec : { ...spec, network }, weights: floatsOf(tensors) };
  }
  const parts = tensors.flatMap(({ name, shape, dtype, data }) =>
    dtype === "F64" ? [{ name, shape, values: data }] : [],
  );
  return { type: "clusters", clusters: toClusterModel(spec, preprocessing, parts) };
};

const exportStoredImport = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: ImportedModel,
  options: { preprocessing: boolean },
): Promise<OnnxFile> => {
  const network = await readNetwork(artifacts, tenant, model);
  assert(network !== null, "an imported model has a description of its network");
  return exportImported(model, network, floatsOf(await readTensors(artifacts, tenant, model)), options);
};

/** A stored model as an ONNX file. `corrupt` if its files are not what was written, `over_limit` if it is too large for one. */
export const exportStored = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: AnyModel,
  options: { preprocessing: boolean },
): Promise<OnnxFile> =>
  isImported(model)
    ? exportStoredImport(artifacts, tenant, model, options)
    : exportModel(model, await readContent(artifacts, tenant, model), options);
