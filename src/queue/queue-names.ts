/** The braces keep the queue's keys in one slot of a Redis Cluster. */
export const QUEUE_PREFIX = "{descent}:q";
export const WEBHOOK_QUEUE_NAME = "webhooks";

/** BullMQ's lowest priority; 1 is the highest. Entries of one priority run in the order of their adding. */
export const LAST_PLACE = 2 ** 21 - 1;
