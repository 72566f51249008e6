import type { JobId } from "../domain/ids.ts";
import { DEFAULT_POOL, queueNameOf } from "../domain/jobs/pool.ts";
import { ANSWER_MS, answered as inTime } from "./answered.ts";
import { createLazyQueues, type LazyQueuesOptions } from "./lazy-queues.ts";
import { LAST_PLACE } from "./queue-names.ts";
import type { QueueDepth, TrainingQueue } from "./training-queue.ts";

const ENDING_RUN_MS = 800;
const ENDING_LOOK_MS = 20;

const LOOKED_FOR_AT_ONCE = 1000;
/** KEYS entries   Result  the numbers of those that are not there */
const missingOf = `
local result = {}
for i, entry in ipairs(KEYS) do
  if redis.call('EXISTS', entry) == 0 then result[#result + 1] = i end
end
return result
`;

const optionsOf = (job: JobId, place: number) => ({ jobId: job, priority: Math.min(place, LAST_PLACE) });

const answered = <T>(ask: () => Promise<T>, limitMs?: number): Promise<T> => inTime("training queue", ask, limitMs);

/** The producer's side on BullMQ. An entry's id is its job's, so a job is never queued twice. */
export const createBullTrainingQueue = ({
  connection,
  onError,
}: Pick<LazyQueuesOptions, "connection" | "onError">): TrainingQueue => {
  const jobs = { attempts: 1, removeOnComplete: true, removeOnFail: true, sizeLimit: 65_536 };
  const queues = createLazyQueues({ connection, jobs, onError });
  const ready = (pool = DEFAULT_POOL) => queues.ready(queueNameOf(pool));

  /**
   * A run that has just released its job still holds the entry for a moment, and adding now would change nothing and leave the
   * job without an entry. So wait for it; what takes longer is the reconciler's.
   */
  const endingRunIsGone = async (job: JobId, pool: string | undefined): Promise<void> => {
    for (let waitedMs = 0; waitedMs < ENDING_RUN_MS; waitedMs += ENDING_LOOK_MS) {
      if ((await ready(pool).getJobState(job)) !== "active") return;
      await new Promise((resolve) => setTimeout(resolve, ENDING_LOOK_MS));
    }
  };

  const depth = (pool?: string): Promise<QueueDepth> =>
    answered(async () => {
      const counts = await ready(pool).getJobCounts("waiting", "prioritized", "delayed", "active");
      const { waiting = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
      return { waiting: waiting + prioritized, delayed, active };
    });

  return {
    add: (entry, { place, pool, isNew = false }) =>
      answered(async () => {
        if (!isNew) await endingRunIsGone(entry.job, pool);
        await ready(pool).add("train", entry, optionsOf(entry.job, place));
      }, ANSWER_MS + ENDING_RUN_MS),
    addAll: (entries) =>
      answered(async () => {
        for (const pool of new Set(entries.map((entry) => entry.pool))) {
          const own = entries.filter((entry) => entry.pool === pool);
          await ready(pool).addBulk(
            own.map(({ tenant, job, place }) => ({
              name: "train",
              data: { tenant, job },
              opts: optionsOf(job, place),
            })),
          );
        }
      }),
    remove: ({ job, pool }) =>
      answered(async () => {
        await ready(pool).remove(job);
      }),
    missing: async (jobs, pool) => {
      const found: JobId[] = [];
      for (let first = 0; first < jobs.length; first += LOOKED_FOR_AT_ONCE) {
        const some = jobs.slice(first, first + LOOKED_FOR_AT_ONCE);
        const keys = some.map((job) => ready(pool).toKey(job));
        const absent = await answered(() => connection.eval(missingOf, keys.length, ...keys));
        found.push(...(absent as number[]).map((i) => some[i - 1]!));
      }
      return found;
    },
    entries: (from, most, pool) =>
      answered(async () => {
        const jobs = await ready(pool).getRanges(["wait", "prioritized", "delayed", "active"], from, from + most - 1);
        return { jobs, next: jobs.length < most ? 0 : from + most };
      }),
    tenantOf: (job, pool) => answered(async () => (await ready(pool).getJob(job))?.data.tenant ?? null),
    counts: async (pool) => {
      const { waiting, delayed, active } = await depth(pool);
      return { waiting: waiting + delayed, active };
    },
    depth,
    close: queues.close,
  };
};
