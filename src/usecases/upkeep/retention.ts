import { ServiceError } from "../../domain/errors.ts";
import { createId, type TenantId } from "../../domain/ids.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { pages } from "./pages.ts";
import { removeFiles } from "./remove-files.ts";
import { type RetentionDeps, sweepOrphans } from "./sweep-orphans.ts";

const FIRST_MS = 60_000;
const INTERVAL_MS = 3_600_000;

/** Whether it was removed: what something still needs stays, and what is gone already is fine. */
const removed = async (remove: () => Promise<void>): Promise<boolean> => {
  try {
    await remove();
    return true;
  } catch (error) {
    if (error instanceof ServiceError && (error.code === "in_use" || error.code === "not_found")) return false;
    throw error;
  }
};

/** Finished jobs, then the models and data sets that nothing needs: in this order, as each may free the next. */
const expireTenant = async (deps: RetentionDeps, tenant: TenantId, beforeMs: number): Promise<number> => {
  const { jobs, studies, catalogue } = deps;
  const before = new Date(beforeMs).toISOString();
  let count = 0;
  const expire = async (prefix: string, remove: () => Promise<void>): Promise<void> => {
    if (!(await removed(remove))) return;
    await removeFiles(deps, tenant, prefix);
    count += 1;
  };
  // Ids are in the order of their making: whatever is younger than the limit need not be read.
  for await (const { id, endedAt } of pages((page) => jobs.list(tenant, page, null), createId("job", beforeMs))) {
    if (endedAt !== null && endedAt < before) await expire(artifactKeys.job(tenant, id), () => jobs.remove(tenant, id));
  }
  for await (const { id, endedAt } of pages((page) => studies.list(tenant, page), createId("std", beforeMs))) {
    if (endedAt !== null && endedAt < before)
      await expire(artifactKeys.study(tenant, id), () => studies.remove(tenant, id));
  }
  for await (const { id, createdAt } of pages((page) => catalogue.models(tenant, page), createId("mdl", beforeMs))) {
    if (createdAt < before) await expire(artifactKeys.model(tenant, id), () => catalogue.removeModel(tenant, id));
  }
  for await (const { id, createdAt } of pages((page) => catalogue.datasets(tenant, page), createId("ds", beforeMs))) {
    if (createdAt < before) await expire(artifactKeys.dataset(tenant, id), () => catalogue.removeDataset(tenant, id));
  }
  return count;
};

/**
 * Deletes what is older than `retentionMs` and needed by nothing (null: nothing), and what crashes left behind. Safe in several
 * processes at once and beside everything else: the stores refuse what is in use.
 */
export const applyRetention = async (deps: RetentionDeps, retentionMs: number | null): Promise<void> => {
  for (const tenant of await deps.artifacts.tenants()) {
    const expired = retentionMs === null ? 0 : await expireTenant(deps, tenant, deps.now().getTime() - retentionMs);
    const orphans = await sweepOrphans(deps, tenant);
    if (expired + orphans > 0) deps.log.info({ tenant, expired, orphans }, "old and abandoned resources deleted");
  }
  await deps.artifacts.sweepTemporary();
};

/** Applies it a minute after the start and then every hour, until stopped. */
export const startRetention = (deps: RetentionDeps, retentionMs: number | null): (() => void) => {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const round = async (): Promise<void> => {
    try {
      await applyRetention(deps, retentionMs);
    } catch (error) {
      deps.log.warn({ err: error }, "old resources could not be deleted; trying again in an hour");
    }
    if (!stopped) timer = setTimeout(() => void round(), INTERVAL_MS);
  };
  timer = setTimeout(() => void round(), FIRST_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};
