import { assert } from "../../../domain/errors.ts";
import { boundEvent } from "../../../domain/jobs/bounded-event.ts";
import { type DueWebhook, type Ended, isStudyId } from "../../../domain/webhook.ts";
import type { WebhookOutbox } from "../../webhook-outbox.ts";
import type { StoreConnections } from "../connection/store-connections.ts";
import { defineScripts } from "../define-scripts.ts";
import { parseRecord } from "../jobs/job-record.ts";
import { onMessage } from "../on-message.ts";
import { onRedis } from "../redis-error.ts";
import { redisKeys } from "../redis-keys.ts";
import { noteOutcome, readDue } from "../scripts/outboxes.ts";
import { fromMember, toMember } from "./due-member.ts";

/** KEYS of the scripts, as `readDue` and `noteOutcome` name them. */
const keysOf = ({ tenant, id }: DueWebhook): { read: string[]; note: string[] } => {
  const [prefix, index] = isStudyId(id)
    ? [redisKeys.studyPrefix(tenant), redisKeys.studyIndex(tenant)]
    : [redisKeys.jobPrefix(tenant), redisKeys.jobIndex(tenant)];
  const record = `${prefix}:${id}`;
  const due = redisKeys.dueWebhooks;
  return {
    read: [record, `${record}:history`, due],
    note: [record, `${record}:events`, index, redisKeys.changes(tenant), due],
  };
};

/** A study's record is one of its fields, a job's all of them and the history. */
const toEnded = (id: DueWebhook["id"], fields: string[], history: string[]): Ended => {
  if (!isStudyId(id)) return { job: parseRecord([fields, history]).job };
  const study = fields[fields.findIndex((field, at) => at % 2 === 0 && field === "study") + 1];
  assert(study !== undefined, "a study's record has its JSON");
  return { study: JSON.parse(study) };
};

/** WebhookOutbox on the records of createRedisJobStore and createRedisStudyStore. */
export const createRedisWebhookOutbox = ({ redis, subscriber, confirmed = null }: StoreConnections): WebhookOutbox => {
  const sources = { readDue: readDue("webhook"), noteOutcome: noteOutcome("webhook") };
  const scripts = defineScripts(redis, "webhook", sources, { by: confirmed, names: ["noteOutcome"] });
  return {
    due: async (atMs, limit) =>
      (await onRedis(() => redis.zrangebyscore(redisKeys.dueWebhooks, "-inf", atMs, "LIMIT", 0, limit))).map(
        fromMember,
      ),
    lookAgain: async (webhooks, atMs) => {
      if (webhooks.length === 0) return;
      // XX: what was settled meanwhile stays settled.
      const scores = webhooks.flatMap((webhook) => [atMs, toMember(webhook)]);
      await onRedis(() => redis.zadd(redisKeys.dueWebhooks, "XX", ...scores));
    },
    pending: async (webhook) => {
      const raw = await scripts.readDue(keysOf(webhook).read, toMember(webhook), "", "");
      if (raw === null) return null;
      const [failures, fields, history] = raw as [string, string[], string[]];
      return { ended: toEnded(webhook.id, fields, history), failures: Number(failures) };
    },
    note: async (webhook, event, settled) =>
      (await scripts.noteOutcome(
        keysOf(webhook).note,
        toMember(webhook),
        webhook.id,
        JSON.stringify(boundEvent(event)),
        settled ? "settled" : "kept",
      )) === 1,
    onDue: (listener) => onMessage(subscriber, redisKeys.dueWebhooks, () => listener()),
  };
};
