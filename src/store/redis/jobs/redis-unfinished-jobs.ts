import type { Redis } from "ioredis";
import type { JobId, TenantId } from "../../../domain/ids.ts";
import type { JobState } from "../../../domain/jobs/job-state.ts";
import { suspicionOf } from "../../../domain/jobs/poison.ts";
import { DEFAULT_POOL } from "../../../domain/jobs/pool.ts";
import type { JobStore, UnfinishedJob } from "../../job-store.ts";
import { onRedis } from "../redis-error.ts";
import { ofPool, redisKeys } from "../redis-keys.ts";
import { heldStates } from "../scripts/job-prelude.ts";
import type { JobScripts } from "./job-scripts.ts";

/** One call of a script keeps everyone else waiting: not too many tenants at a time, nor jobs. */
const TENANTS_AT_ONCE = 100;
const JOBS_AT_ONCE = 1000;

type Row = [
  tenant: number,
  id: JobId,
  state: JobState,
  attempt: string,
  place: string,
  crashes: string,
  ended: number,
  pool: string,
];

/** What the reconciler asks, in parts: there may be a hundred thousand jobs. */
export const createUnfinished = (
  redis: Redis,
  { scripts }: JobScripts,
  crashesOfSuspect: number,
): Pick<JobStore, "held" | "queued" | "notWaiting"> => {
  const tenantsInOrder = async (): Promise<TenantId[]> =>
    (await onRedis(() => redis.smembers(redisKeys.tenants))).sort();

  const list = async (
    tenants: readonly TenantId[],
    states: readonly JobState[],
    from: string,
    most: number,
  ): Promise<UnfinishedJob[]> => {
    const keys = tenants.flatMap((tenant) => [redisKeys.jobIndex(tenant), redisKeys.jobPrefix(tenant)]);
    const rows = (await scripts.listUnfinished(keys, JSON.stringify(states), from, most)) as Row[];
    return rows.map(([tenant, id, state, attempt, place, crashes, ended, pool]) => ({
      ...{ tenant: tenants[tenant - 1]!, id, state, attempt: Number(attempt), place: Number(place) },
      ...{ suspicion: suspicionOf(Number(crashes), crashesOfSuspect), leaseEnded: ended === 1 },
      pool: pool === "" ? DEFAULT_POOL : pool,
    }));
  };

  return {
    held: async () => {
      const tenants = await tenantsInOrder();
      const jobs: UnfinishedJob[] = [];
      for (let first = 0; first < tenants.length; first += TENANTS_AT_ONCE)
        jobs.push(
          ...(await list(tenants.slice(first, first + TENANTS_AT_ONCE), heldStates, "-", Number.MAX_SAFE_INTEGER)),
        );
      return jobs;
    },
    queued: async (after, most) => {
      const tenants = await tenantsInOrder();
      const jobs: UnfinishedJob[] = [];
      let first = after === null ? 0 : tenants.findIndex((tenant) => tenant >= after.tenant);
      let from = after !== null && tenants[first] === after.tenant ? `(${after.id}` : "-";
      while (first !== -1 && first < tenants.length) {
        const some = tenants.slice(first, first + TENANTS_AT_ONCE);
        const wanted = Math.min(JOBS_AT_ONCE, most - jobs.length);
        const found = await list(some, ["queued"], from, wanted);
        jobs.push(...found);
        const last = found.at(-1);
        if (jobs.length >= most) return { jobs, last: last ?? null };
        const isWhole = found.length < wanted || last === undefined;
        first = isWhole ? first + some.length : tenants.indexOf(last.tenant, first);
        from = isWhole ? "-" : `(${last.id}`;
      }
      return { jobs, last: null };
    },
    notWaiting: async (ids, pool = DEFAULT_POOL) => {
      const found: JobId[] = [];
      for (let first = 0; first < ids.length; first += JOBS_AT_ONCE)
        found.push(
          ...((await scripts.notWaiting(
            [ofPool(redisKeys.waiting, pool)],
            ...ids.slice(first, first + JOBS_AT_ONCE),
          )) as JobId[]),
        );
      return found;
    },
  };
};
