import type { TenantId } from "../../domain/ids.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../store/artifacts/manifest-file.ts";
import type { Deps } from "../deps.ts";

type PublishDeps = Pick<Deps, "artifacts" | "catalogue">;

/** Where the manifests of one alias lie. */
export const aliasFiles = (tenant: TenantId, name: string): string => `${artifactKeys.aliases(tenant)}${name}/`;

/**
 * Writes an alias as it is now to the artifact store, from which Redis could be rebuilt, then removes older revisions. Each revision has a
 * file of its own, so that it does not matter which of two writers is the last. Safe to repeat.
 */
export const publishAlias = async (
  { artifacts, catalogue }: PublishDeps,
  tenant: TenantId,
  name: string,
): Promise<void> => {
  const manifest = await catalogue.aliasManifest(tenant, name);
  if (manifest === null) return;
  const newest = artifactKeys.alias(tenant, name, manifest.revision);
  await artifacts.write(newest, encodeManifest(manifest));
  for (const key of await artifacts.list(aliasFiles(tenant, name))) if (key < newest) await artifacts.remove(key);
};

/** The same after a change that is recorded: what fails here is the sweep's to do. */
export const publishChange = async (deps: Deps, tenant: TenantId, name: string): Promise<void> => {
  try {
    await publishAlias(deps, tenant, name);
  } catch (error) {
    deps.log.warn(
      { tenant, alias: name, err: error },
      "the alias's manifest could not be written; the sweep will do it",
    );
  }
};
