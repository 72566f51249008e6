import type { Redis } from "ioredis";
import { assert } from "../../domain/errors.ts";
import { boundEvent } from "../../domain/jobs/bounded-event.ts";
import type { DueWebhook } from "../../domain/jobs/webhook.ts";
import type { WebhookOutbox } from "../webhook-outbox.ts";
import { defineScripts } from "./define-scripts.ts";
import { parseRecord } from "./jobs/job-record.ts";
import { onMessage } from "./on-message.ts";
import { onRedis } from "./redis-error.ts";
import { jobKeys, redisKeys } from "./redis-keys.ts";
import { noteWebhookOutcome, readDueWebhook } from "./scripts/webhooks.ts";

const toMember = ({ tenant, job }: DueWebhook): string => `${tenant}/${job}`;

const fromMember = (member: string): DueWebhook => {
  const [tenant, job] = member.split("/");
  assert(tenant !== undefined && job !== undefined, "a member of the due set is a tenant and a job");
  return { tenant, job };
};

/**
 * WebhookOutbox on the records of createRedisJobStore.
 * @param redis fails fast
 * @param subscriber a lasting connection, which may be shared with other subscriptions
 */
export const createRedisWebhookOutbox = ({ redis, subscriber }: { redis: Redis; subscriber: Redis }): WebhookOutbox => {
  const scripts = defineScripts(redis, "webhook", { readDueWebhook, noteWebhookOutcome });
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
      const raw = await scripts.readDueWebhook(jobKeys(webhook.tenant, webhook.job), toMember(webhook));
      if (raw === null) return null;
      const [failures, fields, history] = raw as [string, string[], string[]];
      return { job: parseRecord([fields, history]).job, failures: Number(failures) };
    },
    note: async (webhook, event, settled) =>
      (await scripts.noteWebhookOutcome(
        jobKeys(webhook.tenant, webhook.job),
        toMember(webhook),
        JSON.stringify(boundEvent(event)),
        settled ? "settled" : "",
      )) === 1,
    onDue: (listener) => onMessage(subscriber, redisKeys.dueWebhooks, () => listener()),
  };
};
