import { z } from "zod";

const count = z.int().min(0);

/** A trainer's heartbeat, told every few seconds to whoever listens. */
export const TrainerHeartbeat = z.object({
  /** Host and process. */
  name: z.string().min(1).max(300),
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
