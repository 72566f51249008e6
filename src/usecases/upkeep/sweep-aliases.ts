import type { TenantId } from "../../domain/ids.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { aliasFiles, publishAlias } from "../aliases/publish-alias.ts";
import type { Deps } from "../deps.ts";

/** For how long a deletion is remembered: whoever began to write beneath it has ended by then. */
const REMEMBERED_MS = 86_400_000;

/** Writes the manifests of aliases whose change was cut short, and forgets those that were deleted long ago. */
export const sweepAliases = async (
  deps: Pick<Deps, "artifacts" | "catalogue" | "now">,
  tenant: TenantId,
): Promise<void> => {
  const { artifacts, catalogue } = deps;
  const keys = await artifacts.list(artifactKeys.aliases(tenant));
  for (const { name, revision, model, updatedAt } of await catalogue.aliasRecords(tenant)) {
    const files = keys.filter((key) => key.startsWith(aliasFiles(tenant, name)));
    if (model === null && deps.now().getTime() - Date.parse(updatedAt) > REMEMBERED_MS) {
      for (const key of files) await artifacts.remove(key);
      await catalogue.forgetAlias(tenant, name, revision);
    } else if (files.length !== 1 || files[0] !== artifactKeys.alias(tenant, name, revision)) {
      await publishAlias(deps, tenant, name);
    }
  }
};
