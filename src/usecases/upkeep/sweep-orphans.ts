import { ServiceError } from "../../domain/errors.ts";
import { idTimeMs, JobId, jobIdOfModel, type TenantId } from "../../domain/ids.ts";
import type { Job } from "../../domain/jobs/job.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import type { Deps } from "../deps.ts";

export type RetentionDeps = Pick<Deps, "artifacts" | "jobs" | "catalogue" | "log" | "now">;

/** An upload or a last commit that is under way looks like an orphan; none takes so long. */
const GRACE_MS = 86_400_000;

const orNull = async <T>(read: () => Promise<T>): Promise<T | null> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ServiceError && error.code === "not_found") return null;
    throw error;
  }
};

/** The folders below a prefix by their ids, and whether each has a manifest. */
const foldersOf = async ({ artifacts }: RetentionDeps, prefix: string): Promise<Map<string, boolean>> => {
  const folders = new Map<string, boolean>();
  for (const key of await artifacts.list(prefix)) {
    const [id = "", name] = key.slice(prefix.length).split("/");
    folders.set(id, folders.get(id) === true || name === "manifest.json");
  }
  return folders;
};

/** A finished job's manifests, if a crash came between its last commit and their writing: without them it cannot be reindexed. */
const publishMissing = async ({ artifacts, catalogue }: RetentionDeps, tenant: TenantId, job: Job): Promise<void> => {
  const { model: modelId } = job;
  const model = modelId === null ? null : await orNull(() => catalogue.model(tenant, modelId));
  const write = (key: string, value: unknown) =>
    artifacts.write(key, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
  if (model !== null) await write(artifactKeys.modelManifest(tenant, model.id), model);
  await write(artifactKeys.jobManifest(tenant, job.id), job);
};

/**
 * Deletes what crashes left in the artifact store: checkpoints of jobs that are done, and folders that have neither a manifest
 * nor a record. What has a manifest stays, whatever Redis says: it is the truth from which Redis can be rebuilt. Returns how many.
 */
export const sweepOrphans = async (deps: RetentionDeps, tenant: TenantId): Promise<number> => {
  const { artifacts, catalogue, jobs } = deps;
  const isOld = (id: string): boolean => deps.now().getTime() - idTimeMs(id) > GRACE_MS;
  let count = 0;
  const remove = async (prefix: string): Promise<void> => {
    await artifacts.remove(prefix);
    count += 1;
  };
  const jobOf = (id: string) => (JobId.safeParse(id).success ? orNull(() => jobs.get(tenant, id)) : null);

  for (const [id, hasManifest] of await foldersOf(deps, artifactKeys.jobs(tenant))) {
    const job = await jobOf(id);
    if (job === null && !hasManifest && isOld(id)) await remove(artifactKeys.job(tenant, id));
    if (!job?.done) continue;
    if (!hasManifest) await publishMissing(deps, tenant, job);
    const checkpoints = artifactKeys.checkpoints(tenant, id);
    if ((await artifacts.list(checkpoints)).length > 0) await remove(checkpoints);
  }
  for (const [id, hasManifest] of await foldersOf(deps, artifactKeys.models(tenant))) {
    if (hasManifest || !isOld(id) || (await orNull(() => catalogue.model(tenant, id))) !== null) continue;
    // The weights are written before the last commit: while the job may still make it, they stay.
    const job = await jobOf(jobIdOfModel(id));
    if (job === null || job.done) await remove(artifactKeys.model(tenant, id));
  }
  for (const [id, hasManifest] of await foldersOf(deps, artifactKeys.datasets(tenant))) {
    if (hasManifest || !isOld(id) || (await orNull(() => catalogue.dataset(tenant, id))) !== null) continue;
    await remove(artifactKeys.dataset(tenant, id));
  }
  return count;
};
