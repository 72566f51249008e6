import type { TenantId } from "../../src/domain/ids.ts";
import type { Model } from "../../src/domain/models/model.ts";
import { isClusteringModel } from "../../src/engine/cluster/plan-clustering.ts";
import type { ModelContent } from "../../src/exporting/export-model.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { unstackTensors } from "../../src/formats/safetensors/stacked-tensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { readFoldModels } from "../../src/store/artifacts/read-fold-models.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { toClusterModel } from "../training/clustering-run.ts";

/** Of a network, by name. */
export const floatsOf = (tensors: readonly Tensor[]): ReadonlyMap<string, Float32Array> =>
  new Map(tensors.flatMap(({ name, dtype, data }) => (dtype === "F32" ? [[name, data] as const] : [])));

/** What a model of a job is, from its record, its stored weights and the files beside them. `corrupt` if those are not what was written. */
export const readContent = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: Model,
  tensors: readonly Tensor[],
): Promise<ModelContent> => {
  const { spec, preprocessing } = model;
  if (isClusteringModel(spec.model)) {
    const parts = tensors.flatMap(({ name, shape, dtype, data }) =>
      dtype === "F64" ? [{ name, shape, values: data }] : [],
    );
    return { type: "clusters", clusters: toClusterModel(spec, preprocessing, parts) };
  }
  const network = await readNetwork(artifacts, tenant, model);
  const traced = network === null ? spec : { ...spec, network };
  const folds = await readFoldModels(artifacts, tenant, model);
  if (folds === null) return { type: "network", spec: traced, weights: floatsOf(tensors) };
  const weights = unstackTensors(tensors, folds.length).map(floatsOf);
  return { type: "folds", spec: traced, folds: folds.map((fold, i) => ({ ...fold, weights: weights[i]! })) };
};
