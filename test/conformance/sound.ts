import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { Job, JobEvent, MetricPoint } from "../../src/domain/jobs/job.ts";
import { limits } from "../../src/domain/limits.ts";
import { type AnyModel, isImported } from "../../src/domain/models/model.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { decodeManifest } from "../../src/store/artifacts/manifest-file.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";

type Parts = Pick<Deps, "access" | "artifacts" | "jobs" | "studies" | "catalogue" | "log">;

interface Records {
  datasets: Dataset[];
  models: AnyModel[];
  jobs: Job[];
  /** Of each finished job, in the same order. */
  courses: { events: JobEvent[]; points: MetricPoint[] }[];
}

const all = { pageSize: 100, pageToken: null };

export const recordsOf = async ({ catalogue, jobs }: Parts, tenant: TenantId): Promise<Records> => {
  const { items } = await jobs.list(tenant, all, null);
  const courses = items
    .filter(({ done }) => done)
    .map(async ({ id }) => ({
      events: await jobs.events(tenant, id, { from: null, limit: limits.eventsPerJob }),
      points: await jobs.metrics(tenant, id, { afterStep: -1, limit: limits.metricPointsPerJob }),
    }));
  return {
    datasets: (await catalogue.datasets(tenant, all)).items,
    models: (await catalogue.models(tenant, all)).items,
    jobs: items,
    courses: await Promise.all(courses),
  };
};

/**
 * Records and files say the same: what is listed has its files, whole, and a manifest that equals it; no file belongs to nothing;
 * nothing is left to do; and an empty Redis, rebuilt from the files, lists the same. (Jobs must be done for the last.)
 */
export const expectSound = async (deps: Parts, tenant: TenantId, emptyRedis: () => Promise<unknown>): Promise<void> => {
  const { artifacts, catalogue, jobs } = deps;
  const records = await recordsOf(deps, tenant);
  const left = new Set(await artifacts.list(`${tenant}/`));
  const take = async (key: string): Promise<Uint8Array> => {
    expect(left, "what is listed has its files").toContain(key);
    left.delete(key);
    return artifacts.readBytes(key);
  };
  const takeManifest = async (key: string): Promise<unknown> => decodeManifest(await take(key), key);
  for (const dataset of records.datasets) {
    const file = await take(artifactKeys.datasetFile(tenant, dataset.id, dataset.format));
    expect(createHash("sha256").update(file).digest("hex")).toBe(dataset.sha256);
    expect(await takeManifest(artifactKeys.datasetManifest(tenant, dataset.id))).toEqual(dataset);
  }
  for (const model of records.models) {
    for (const file of [artifactKeys.weights, isImported(model) ? artifactKeys.network : artifactKeys.report])
      await take(file(tenant, model.id, model.digest.replace(/^sha256:/, "")));
    expect(await takeManifest(artifactKeys.modelManifest(tenant, model.id))).toEqual(model);
  }
  for (const [i, job] of records.jobs.filter(({ done }) => done).entries()) {
    expect(await takeManifest(artifactKeys.jobManifest(tenant, job.id))).toEqual(job);
    expect(await takeManifest(artifactKeys.jobLog(tenant, job.id))).toEqual(records.courses[i]);
  }
  expect([...left], "every file belongs to something").toEqual([]);
  expect((await catalogue.removals(tenant)).filter(({ pending }) => pending)).toEqual([]);
  expect(await jobs.unpublished(tenant)).toEqual([]);
  if (records.jobs.some(({ done }) => !done)) return;
  await emptyRedis();
  await reindex(deps);
  expect(await recordsOf(deps, tenant)).toEqual(records);
};
