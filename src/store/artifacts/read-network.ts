import type { TenantId } from "../../domain/ids.ts";
import type { AnyModel } from "../../domain/models/model.ts";
import type { NetworkDescription } from "../../domain/models/network.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { networkOf } from "./model-files.ts";
import { readVerified } from "./verified.ts";

/** The description of a model's network; null: its spec tells its layers. `corrupt` if the stored one is not what was written. */
export const readNetwork = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: AnyModel,
): Promise<NetworkDescription | null> => {
  const file = networkOf(tenant, model);
  if (file === null) return null;
  return JSON.parse(Buffer.from(await readVerified(artifacts, file.key, file.check, file.what)).toString());
};
