import type { Dataset } from "../../domain/datasets/dataset.ts";
import { orNull, ServiceError } from "../../domain/errors.ts";
import { idTimeMs, JobId, jobIdOfModel, type TenantId } from "../../domain/ids.ts";
import { type AnyModel, isImported } from "../../domain/models/model.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { readManifest } from "../../store/artifacts/manifest-file.ts";
import { publishManifest } from "../../store/artifacts/publish-manifest.ts";
import { versionOf } from "../../store/dataset-version.ts";
import { publishJob } from "../../store/job-files.ts";
import { sweepTenant } from "../access/change-tenant.ts";
import type { Deps } from "../deps.ts";
import { publishStudy } from "../studies/course/publish-study.ts";
import { removeFiles } from "./remove-files.ts";
import { sweepAliases } from "./sweep-aliases.ts";

export type RetentionDeps = Pick<Deps, "access" | "artifacts" | "jobs" | "studies" | "catalogue" | "log" | "now">;

/** An upload or a last commit that is under way looks like an orphan; none takes so long. */
const GRACE_MS = 86_400_000;

/** And the names of what lies in them. */
type Folders = Map<string, { id: string; names: Set<string> }>;

/** The folders below a prefix. */
const foldersOf = async ({ artifacts }: RetentionDeps, prefix: string): Promise<Folders> => {
  const folders: Folders = new Map();
  for (const key of await artifacts.list(prefix)) {
    const [id = "", name = ""] = key.slice(prefix.length).split("/");
    const files = `${prefix}${id}/`;
    const folder = folders.get(files) ?? { id, names: new Set() };
    folder.names.add(name);
    folders.set(files, folder);
  }
  return folders;
};

const [MANIFEST, LOG] = ["manifest.json", "log.json"];

/** A job that left these alone is done, and nothing is to do. */
const isDone = (names: ReadonlySet<string>): boolean => names.size === 2 && names.has(MANIFEST) && names.has(LOG);

/** Whether a manifest is of the record as it is now; one that is no more what was written is not. */
const isCurrent = async (
  { artifacts, log }: RetentionDeps,
  key: string,
  is: (written: unknown) => boolean,
): Promise<boolean> => {
  try {
    return is(await readManifest(artifacts, key));
  } catch (err) {
    if (err instanceof ServiceError && err.code !== "corrupt") throw err;
    log.error({ key, err }, "a manifest cannot be understood; it is written again");
    return false;
  }
};

/** The manifest of a data set that has none yet, or has one of before its types were changed. */
const publishDataset = async (
  deps: RetentionDeps,
  tenant: TenantId,
  dataset: Dataset,
  hasManifest: boolean,
): Promise<void> => {
  const key = artifactKeys.datasetManifest(tenant, dataset.id);
  const version = versionOf(dataset);
  const isNow = (written: unknown): boolean => versionOf(written as Dataset) >= version;
  if (hasManifest && (version === 1 || (await isCurrent(deps, key, isNow)))) return;
  await publishManifest(deps.artifacts, key, dataset, () => deps.catalogue.dataset(tenant, dataset.id));
};

/** The manifest of a model that has none yet, or of an imported one that has one of before it was changed. */
const publishModel = async (
  deps: RetentionDeps,
  tenant: TenantId,
  model: AnyModel,
  hasManifest: boolean,
): Promise<void> => {
  const key = artifactKeys.modelManifest(tenant, model.id);
  const text = JSON.stringify(model);
  const isNow = (written: unknown): boolean => JSON.stringify(written) === text;
  if (hasManifest && (!isImported(model) || (await isCurrent(deps, key, isNow)))) return;
  await publishManifest(deps.artifacts, key, model, () => deps.catalogue.model(tenant, model.id));
};

/** The files of finished jobs that are not written yet, or lack an event by now: without them they cannot be reindexed. */
const publishJobs = async (deps: RetentionDeps, tenant: TenantId, ids: Iterable<string>): Promise<void> => {
  for (const id of ids) await publishJob(deps, tenant, id, await orNull(deps.jobs.get(tenant, id)));
};

const publishStudies = async (deps: RetentionDeps, tenant: TenantId): Promise<void> => {
  for (const id of await deps.studies.unpublished(tenant)) {
    const record = await orNull(deps.studies.get(tenant, id));
    if (record === null) await deps.studies.published(tenant, id);
    else await publishStudy(deps, tenant, record.study);
  }
};

/**
 * Finishes the deletions that were cut short, and removes what was written beneath something deleted. Returns how many had left files.
 * @param folders those that were there; what is removed is taken out
 */
const finishRemovals = async (deps: RetentionDeps, tenant: TenantId, folders: readonly Folders[]): Promise<number> => {
  let count = 0;
  for (const { files, pending } of await deps.catalogue.removals(tenant)) {
    const left = folders.some((some) => some.delete(files));
    if (left || pending) await removeFiles(deps, tenant, files);
    if (left) count += 1;
  }
  return count;
};

/**
 * Finishes what was cut short: deletions, and manifests of what is recorded. Deletes what crashes left in the artifact store:
 * checkpoints of jobs that are done, and folders that have neither a manifest nor a record. What has a manifest and was not deleted
 * stays, whatever Redis says: it is the truth from which Redis can be rebuilt. Returns how many were deleted.
 */
export const sweepOrphans = async (deps: RetentionDeps, tenant: TenantId): Promise<number> => {
  const { artifacts, catalogue, jobs } = deps;
  const [ofJobs, ofStudies, ofModels, ofDatasets] = [
    await foldersOf(deps, artifactKeys.jobs(tenant)),
    await foldersOf(deps, artifactKeys.studies(tenant)),
    await foldersOf(deps, artifactKeys.models(tenant)),
    await foldersOf(deps, artifactKeys.datasets(tenant)),
  ];
  let count = await finishRemovals(deps, tenant, [ofJobs, ofStudies, ofModels, ofDatasets]);
  const isOld = (id: string): boolean => deps.now().getTime() - idTimeMs(id) > GRACE_MS;
  const remove = async (prefix: string): Promise<void> => {
    await artifacts.remove(prefix);
    count += 1;
  };
  const jobOf = (id: string) => (JobId.safeParse(id).success ? orNull(jobs.get(tenant, id)) : null);

  await publishJobs(deps, tenant, await jobs.unpublished(tenant));
  await publishStudies(deps, tenant);
  await sweepAliases(deps, tenant);
  await sweepTenant(deps, tenant);
  for (const [files, { id, names }] of ofJobs) {
    if (isDone(names)) continue;
    const job = await jobOf(id);
    if (job === null && !names.has(MANIFEST) && isOld(id)) await remove(files);
    if (!job?.done) continue;
    // Jobs of earlier versions have no log.
    if (!names.has(MANIFEST) || !names.has(LOG)) await publishJobs(deps, tenant, [id]);
    if (names.has("predictions") && job.prediction !== undefined && job.state !== "succeeded")
      await remove(artifactKeys.predictions(tenant, id));
    if (names.has("checkpoints")) await remove(artifactKeys.checkpoints(tenant, id));
  }
  for (const [files, { id, names }] of ofModels) {
    const hasManifest = names.has(MANIFEST);
    // Only one with a network from a file may be imported, and changed since its manifest was written.
    if (hasManifest && ![...names].some((name) => name.startsWith("network-"))) continue;
    const model = await orNull(catalogue.model(tenant, id));
    if (model !== null) await orNull(publishModel(deps, tenant, model, hasManifest));
    if (model !== null || hasManifest || !isOld(id)) continue;
    // The weights are written before the last commit: while the job may still make it, they stay.
    const job = await jobOf(jobIdOfModel(id));
    if (job === null || job.done) await remove(files);
  }
  for (const [files, { id, names }] of ofDatasets) {
    const hasManifest = names.has(MANIFEST);
    const dataset = await orNull(catalogue.dataset(tenant, id));
    // Deleted meanwhile, it has its note: the next sweep removes what was written.
    if (dataset !== null) await orNull(publishDataset(deps, tenant, dataset, hasManifest));
    else if (!hasManifest && isOld(id)) await remove(files);
  }
  return count;
};
