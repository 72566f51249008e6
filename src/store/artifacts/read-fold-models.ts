import type { TenantId } from "../../domain/ids.ts";
import type { FoldModel, FoldModels } from "../../domain/models/cross-validation.ts";
import type { Model } from "../../domain/models/model.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { foldsOf } from "./model-files.ts";
import { readVerified } from "./verified.ts";

/** The members of an ensemble of folds' models, in the order of their weights; null: the model is none. `corrupt` if the file is not what was written. */
export const readFoldModels = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: Model,
): Promise<readonly FoldModel[] | null> => {
  const file = foldsOf(tenant, model);
  if (file === null) return null;
  const bytes = await readVerified(artifacts, file.key, file.check, file.what);
  const { models }: FoldModels = JSON.parse(Buffer.from(bytes).toString());
  return models;
};
