import type { TenantId } from "../../domain/ids.ts";
import type { AnyModel, Model } from "../../domain/models/model.ts";
import { artifactKeys } from "./artifact-store.ts";
import { type Check, checkFile, checkTensors } from "./verified.ts";

/** One of a model's files: where it lies, and what it is held against. */
export interface ModelFile {
  key: string;
  check: Check;
  /** As messages name it. */
  what: string;
}

const digestHex = ({ digest }: Pick<AnyModel, "digest">): string => digest.replace(/^sha256:/, "");

export const weightsOf = (tenant: TenantId, model: AnyModel): ModelFile => ({
  key: artifactKeys.weights(tenant, model.id, digestHex(model)),
  check: model.files === undefined ? checkTensors(model.digest) : checkFile(model.files.weights),
  what: `the file of the weights of ${model.id}`,
});

/** Models of earlier versions tell nothing of their reports. */
const unchecked: Check = { update: () => {}, holds: () => true };

export const reportOf = (tenant: TenantId, model: Model): ModelFile => ({
  key: artifactKeys.report(tenant, model.id, digestHex(model)),
  check: model.files === undefined ? unchecked : checkFile(model.files.report),
  what: `the report of ${model.id}`,
});

/** What single predictions are explained against; null: the model keeps nothing of the kind. */
export const backgroundFileOf = (tenant: TenantId, model: Model): ModelFile | null => {
  const background = model.files?.background;
  if (background === undefined) return null;
  return {
    key: artifactKeys.background(tenant, model.id, digestHex(model)),
    check: checkFile(background),
    what: `the training rows kept with ${model.id}`,
  };
};

/** What the model said of the rows that its report is about; null: nothing of the kind is kept. */
export const heldOutOf = (tenant: TenantId, model: Model): (ModelFile & { bytes: number }) | null => {
  const heldOut = model.files?.heldOut;
  if (heldOut === undefined) return null;
  return {
    key: artifactKeys.heldOut(tenant, model.id, digestHex(model)),
    check: checkFile(heldOut),
    what: `the held-out predictions of ${model.id}`,
    bytes: heldOut.bytes,
  };
};

/** The description of a network that was read from a file, or trained from one; null: the model's spec tells its layers. */
export const networkOf = (tenant: TenantId, model: AnyModel): ModelFile | null => {
  const network = model.files?.network;
  if (network === undefined) return null;
  return {
    key: artifactKeys.network(tenant, model.id, digestHex(model)),
    check: checkFile(network),
    what: `the description of the network ${model.id}`,
  };
};

/** The models that were measured, beside the one that is kept: those of folds, or the one before a refit; null: none are kept. */
export const measuredModelsOf = (tenant: TenantId, model: Model): ModelFile | null => {
  const measured = model.files?.measured;
  if (measured === undefined) return null;
  return {
    key: artifactKeys.measured(tenant, model.id, digestHex(model)),
    check: checkFile(measured),
    what: `the models kept with ${model.id}, which were measured`,
  };
};

/** How the members of an ensemble of folds' models take their rows; null: the model is none. */
export const foldsOf = (tenant: TenantId, model: Model): ModelFile | null => {
  const folds = model.files?.folds;
  if (folds === undefined) return null;
  return {
    key: artifactKeys.folds(tenant, model.id, digestHex(model)),
    check: checkFile(folds),
    what: `the description of the folds' models of ${model.id}`,
  };
};
