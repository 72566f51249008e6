/** The braces keep the queue's keys in one slot of a Redis Cluster. */
export const QUEUE_PREFIX = "{descent}:q";
export const QUEUE_NAME = "training";

/**
 * BullMQ runs 1 before 2 097 152; users say that higher runs first. Entries of one priority run in the order of their adding.
 */
export const toBullPriority = (priority: number): number => Math.min(Math.max(101 - priority, 1), 2_097_152);
