import type { TenantId } from "../../domain/ids.ts";
import type { Deps } from "../deps.ts";

/**
 * Removes what a deleted resource leaves in the artifact store: the second half of a deletion, whose first half noted it. The manifest
 * goes first, so that what a crash leaves of the rest is no resource. Cut anywhere, it may be repeated; the sweep does so.
 */
export const removeFiles = async (
  { artifacts, catalogue }: Pick<Deps, "artifacts" | "catalogue">,
  tenant: TenantId,
  files: string,
): Promise<void> => {
  await artifacts.remove(`${files}manifest.json`);
  await artifacts.remove(files);
  await catalogue.filesRemoved(tenant, files);
};
