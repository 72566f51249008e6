import { boundEvent } from "../../../domain/jobs/bounded-event.ts";
import type { DueRun, RunOutbox } from "../../run-outbox.ts";
import type { StoreConnections } from "../connection/store-connections.ts";
import { defineScripts } from "../define-scripts.ts";
import { parseRecord } from "../jobs/job-record.ts";
import { onMessage } from "../on-message.ts";
import { onRedis } from "../redis-error.ts";
import { redisKeys } from "../redis-keys.ts";
import { noteOutcome, readDue } from "../scripts/outboxes.ts";
import { fromMember, toMember } from "./due-member.ts";

const recordOf = ({ tenant, id }: DueRun): string => `${redisKeys.jobPrefix(tenant)}:${id}`;

/** RunOutbox on the records of createRedisJobStore. */
export const createRedisRunOutbox = ({ redis, subscriber, confirmed = null }: StoreConnections): RunOutbox => {
  const sources = { readDue: readDue("run"), noteOutcome: noteOutcome("run") };
  const scripts = defineScripts(redis, "run", sources, { by: confirmed, names: ["noteOutcome"] });
  return {
    due: async (atMs, limit) =>
      (await onRedis(() => redis.zrangebyscore(redisKeys.dueRuns, "-inf", atMs, "LIMIT", 0, limit))).map(fromMember),
    take: async (run, nowMs, untilMs) => {
      const keys = [recordOf(run), `${recordOf(run)}:history`, redisKeys.dueRuns];
      const raw = await scripts.readDue(keys, toMember(run), nowMs, untilMs);
      if (raw === null) return null;
      const [failures, fields, history] = raw as [string, string[], string[]];
      const { job, study } = parseRecord([fields, history]);
      return { job, study, failures: Number(failures) };
    },
    note: async (run, event, laterMs) => {
      const { tenant, id } = run;
      const [index, changes] = [redisKeys.jobIndex(tenant), redisKeys.changes(tenant)];
      const keys = [recordOf(run), `${recordOf(run)}:events`, index, changes, redisKeys.dueRuns];
      const text = JSON.stringify(boundEvent(event));
      return (await scripts.noteOutcome(keys, toMember(run), id, text, laterMs ?? "settled")) === 1;
    },
    giveBack: async (run) => {
      // XX: what was settled meanwhile stays settled.
      await onRedis(() => redis.zadd(redisKeys.dueRuns, "XX", 0, toMember(run)));
    },
    onDue: (listener) => onMessage(subscriber, redisKeys.dueRuns, () => listener()),
  };
};
