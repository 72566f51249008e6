import { DEFAULT_POOL } from "../domain/jobs/pool.ts";

/** The braces keep the queue's keys in one slot of a Redis Cluster. */
export const QUEUE_PREFIX = "{descent}:q";
/** Each pool has a queue of its own; that of the default one has the name that was there before there were others. */
export const queueNameOf = (pool: string): string => (pool === DEFAULT_POOL ? "training" : `training.${pool}`);
export const WEBHOOK_QUEUE_NAME = "webhooks";

/** BullMQ's lowest priority; 1 is the highest. Entries of one priority run in the order of their adding. */
export const LAST_PLACE = 2 ** 21 - 1;
