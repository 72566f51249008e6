import { z } from "zod";
import { Dataset } from "../../domain/datasets/dataset.ts";
import { orNull, ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import { Job, JobEvent } from "../../domain/jobs/job.ts";
import { AliasManifest } from "../../domain/models/alias.ts";
import { AnyModel } from "../../domain/models/model.ts";
import { Study, type Study as StudyRecord, Trial } from "../../domain/studies/study.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { readManifest } from "../../store/artifacts/manifest-file.ts";
import { publishManifest } from "../../store/artifacts/publish-manifest.ts";
import { versionOf } from "../../store/dataset-version.ts";
import { type JobLog, readJobLog } from "../../store/job-files.ts";
import { restoreTenant } from "../access/change-tenant.ts";
import type { Deps } from "../deps.ts";
import { removeFiles } from "./remove-files.ts";

type ReindexDeps = Pick<Deps, "access" | "artifacts" | "jobs" | "studies" | "catalogue" | "log">;

export interface Reindexed {
  datasets: number;
  models: number;
  jobs: number;
  studies: number;
  /** Those that were missing. */
  aliases: number;
  /** … with their keys. */
  tenants: number;
  /** Keys of manifests and logs that could not be understood. */
  unreadable: string[];
}

/**
 * Rebuilds what Redis knows of data sets, models and finished jobs, with their events and curves, from the manifests and logs in the
 * artifact store. Jobs that Redis still knows stay as they are. Jobs that were not finished are not in the store and are not rebuilt.
 */
export const reindex = async (deps: ReindexDeps): Promise<Reindexed> => {
  const result: Reindexed = { datasets: 0, models: 0, jobs: 0, aliases: 0, tenants: 0, studies: 0, unreadable: [] };
  for (const tenant of await deps.artifacts.tenants()) await reindexTenant(deps, tenant, result);
  return result;
};

const reindexTenant = async (deps: ReindexDeps, tenant: TenantId, result: Reindexed): Promise<void> => {
  const { catalogue, jobs } = deps;
  // What was deleted and is not gone yet does not come back.
  for (const { files } of await catalogue.removals(tenant)) await removeFiles(deps, tenant, files);
  for await (const manifest of manifests<Dataset>(deps, artifactKeys.datasets(tenant), Dataset, result)) {
    await reindexDataset(deps, tenant, manifest);
    result.datasets += 1;
  }
  for await (const manifest of manifests<AnyModel>(deps, artifactKeys.models(tenant), AnyModel, result)) {
    await catalogue.addModel(tenant, manifest);
    result.models += 1;
  }
  await reindexAliases(deps, tenant, result);
  await reindexAccess(deps, tenant, result);
  for await (const manifest of manifests<Job>(deps, artifactKeys.jobs(tenant), Job, result)) {
    const log = await logOf(deps, tenant, manifest, result);
    if (await jobs.restore(tenant, manifest, log)) result.jobs += 1;
  }
  await reindexStudies(deps, tenant, result);
};

/** Types that were changed are recorded before their manifest is written: where that was cut short, the record is the newer of the two. */
const reindexDataset = async ({ artifacts, catalogue }: ReindexDeps, tenant: TenantId, manifest: Dataset) => {
  const recorded = await orNull(catalogue.dataset(tenant, manifest.id));
  if (recorded === null || versionOf(recorded) <= versionOf(manifest)) return catalogue.addDataset(tenant, manifest);
  const key = artifactKeys.datasetManifest(tenant, manifest.id);
  return publishManifest(artifacts, key, recorded, () => catalogue.dataset(tenant, manifest.id));
};

/** A finished study as `publishStudy` writes it. */
const StudyManifest = Study.extend({ trials: z.array(Trial), events: z.array(JobEvent) });
type StudyManifest = StudyRecord & { trials: Trial[]; events: JobEvent[] };

const reindexStudies = async (deps: ReindexDeps, tenant: TenantId, result: Reindexed): Promise<void> => {
  for await (const manifest of manifests<StudyManifest>(deps, artifactKeys.studies(tenant), StudyManifest, result)) {
    const { trials, events, ...study } = manifest;
    if (await deps.studies.restore(tenant, study, trials, events)) result.studies += 1;
  }
};

/** A tenant's limits and the hashes of its keys. */
const reindexAccess = async (deps: ReindexDeps, tenant: TenantId, result: Reindexed): Promise<void> => {
  try {
    if (await restoreTenant(deps, tenant)) result.tenants += 1;
  } catch (err) {
    if (isUnavailable(err)) throw err;
    const key = artifactKeys.accessFiles(tenant);
    deps.log.error({ key, err }, "a tenant's record cannot be understood; its keys are left out");
    result.unreadable.push(key);
  }
};

/** After the models. Of an alias's revisions the newest counts; what is left of older ones the sweep removes. */
const reindexAliases = async (deps: ReindexDeps, tenant: TenantId, result: Reindexed): Promise<void> => {
  const { artifacts, catalogue, log } = deps;
  for (const key of await artifacts.list(artifactKeys.aliases(tenant))) {
    try {
      const manifest = AliasManifest.parse(await readManifest(artifacts, key));
      if ((await catalogue.restoreAlias(tenant, manifest)) && manifest.model !== null) result.aliases += 1;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      log.error({ key, err: error }, "an alias's manifest cannot be understood; it is left out");
      result.unreadable.push(key);
    }
  }
};

const isUnavailable = (error: unknown): boolean => error instanceof ServiceError && error.code === "unavailable";

/** A job without its course is better than none. */
const logOf = async (
  { artifacts, log }: ReindexDeps,
  tenant: TenantId,
  job: Job,
  result: Reindexed,
): Promise<JobLog> => {
  try {
    return await readJobLog(artifacts, tenant, job.id);
  } catch (error) {
    // A store that is away is no file's fault.
    if (isUnavailable(error)) throw error;
    if (error instanceof ServiceError && error.code === "not_found") {
      log.warn({ tenant, job: job.id }, "the job has no log in the store; its events and its curve are lost");
    } else {
      const key = artifactKeys.jobLog(tenant, job.id);
      log.error({ key, err: error }, "a job's log cannot be understood; its events and its curve are left out");
      result.unreadable.push(key);
    }
    return { events: [], points: [] };
  }
};

/** The manifests one folder below a prefix, as they were written. */
async function* manifests<T>(
  { artifacts, log }: ReindexDeps,
  prefix: string,
  schema: z.ZodType,
  result: Reindexed,
): AsyncGenerator<T> {
  for (const key of await artifacts.list(prefix)) {
    if (!/^[^/]+\/manifest\.json$/.test(key.slice(prefix.length))) continue;
    let manifest: unknown;
    try {
      manifest = await readManifest(artifacts, key);
      // Checked, but not rewritten: a manifest says more than the API's schema keeps.
      schema.parse(manifest);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      log.error({ key, err: error }, "a manifest cannot be understood; it is left out");
      result.unreadable.push(key);
      continue;
    }
    yield manifest as T;
  }
}
