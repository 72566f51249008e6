import type { Redis } from "ioredis";
import { assert } from "../../../domain/errors.ts";
import { boundEvent } from "../../../domain/jobs/bounded-event.ts";
import type { DueRun, RunOutbox } from "../../run-outbox.ts";
import { defineScripts } from "../define-scripts.ts";
import { parseRecord } from "../jobs/job-record.ts";
import { onMessage } from "../on-message.ts";
import { onRedis } from "../redis-error.ts";
import { redisKeys } from "../redis-keys.ts";
import { noteRunOutcome, takeDueRun } from "../scripts/runs.ts";

const toMember = ({ tenant, id }: DueRun): string => `${tenant}/${id}`;

const fromMember = (member: string): DueRun => {
  const [tenant, id] = member.split("/");
  assert(tenant !== undefined && id !== undefined, "a member of the due set is a tenant and an id");
  return { tenant, id };
};

const recordOf = ({ tenant, id }: DueRun): string => `${redisKeys.jobPrefix(tenant)}:${id}`;

/**
 * RunOutbox on the records of createRedisJobStore.
 * @param redis fails fast
 * @param subscriber a lasting connection, which may be shared with other subscriptions
 */
export const createRedisRunOutbox = ({ redis, subscriber }: { redis: Redis; subscriber: Redis }): RunOutbox => {
  const scripts = defineScripts(redis, "run", { takeDueRun, noteRunOutcome });
  return {
    due: async (atMs, limit) =>
      (await onRedis(() => redis.zrangebyscore(redisKeys.dueRuns, "-inf", atMs, "LIMIT", 0, limit))).map(fromMember),
    take: async (run, nowMs, untilMs) => {
      const keys = [recordOf(run), `${recordOf(run)}:history`, redisKeys.dueRuns];
      const raw = await scripts.takeDueRun(keys, toMember(run), nowMs, untilMs);
      if (raw === null) return null;
      const [failures, fields, history] = raw as [string, string[], string[]];
      const at = fields.findIndex((field, i) => i % 2 === 0 && field === "study");
      return {
        job: parseRecord([fields, history]).job,
        study: at < 0 ? null : (fields[at + 1] ?? null),
        failures: Number(failures),
      };
    },
    note: async (run, event, laterMs) => {
      const { tenant, id } = run;
      const [index, changes] = [redisKeys.jobIndex(tenant), redisKeys.changes(tenant)];
      const keys = [recordOf(run), `${recordOf(run)}:events`, index, changes, redisKeys.dueRuns];
      const text = JSON.stringify(boundEvent(event));
      return (await scripts.noteRunOutcome(keys, toMember(run), id, text, laterMs ?? "")) === 1;
    },
    giveBack: async (run) => {
      // XX: what was settled meanwhile stays settled.
      await onRedis(() => redis.zadd(redisKeys.dueRuns, "XX", 0, toMember(run)));
    },
    onDue: (listener) => onMessage(subscriber, redisKeys.dueRuns, () => listener()),
  };
};
