import { z } from "zod";
import { DEFAULT_POOL } from "./pool.ts";

const count = z.int().min(0);

/** A trainer's heartbeat, told every few seconds to whoever listens. */
export const TrainerHeartbeat = z.object({
  /** Host and process. */
  name: z.string().min(1).max(300),
  /** Its label; a trainer of an earlier version tells none. */
  pool: z.string().min(1).max(32).default(DEFAULT_POOL),
  /** What it may use, and what its running jobs have planned. */
  threads: count,
  usedThreads: count,
  memoryBytes: count,
  usedMemoryBytes: count,
  /** Jobs that it could still take from the queue, and all that it has taken since it started. */
  free: count,
  taken: count,
  /** Prometheus's text format; null where the trainer serves it itself. */
  metrics: z.string().nullable(),
});
export type TrainerHeartbeat = z.infer<typeof TrainerHeartbeat>;
