import { z } from "zod";
import { JobId } from "../ids.ts";
import { Timestamp } from "./job.ts";

const count = z.int();

export const TrainerRoom = z
  .object({
    name: z.string().describe("its host and process"),
    pool: z.string().describe("whose jobs it takes"),
    threads: count.describe("that it may use"),
    usedThreads: count.describe("of those, planned by its running jobs"),
    memoryBytes: count.describe("that its jobs may plan together"),
    usedMemoryBytes: count.describe("of those, planned by its running jobs"),
    free: count.describe("jobs that it could still take"),
    taken: count.describe("jobs that it has taken since it started"),
  })
  .meta({ id: "TrainerRoom", description: "A trainer, and what room it has." });

export const WaitingJob = z
  .object({
    id: JobId,
    name: z.string().describe("of its specification"),
    pool: z.string().describe("of the trainers that it waits for"),
    since: Timestamp.describe("when it came into the queue last"),
  })
  .meta({ id: "WaitingJob", description: "A job that waits for a trainer." });

export const Overview = z
  .object({
    jobs: z
      .object({
        queued: count.describe("waiting for a trainer"),
        running: count.describe("with a trainer, those that are being paused or cancelled too"),
        paused: count.describe("until they are resumed"),
        succeeded: count.describe("with a model or answers"),
        failed: count.describe("with a reason"),
        cancelled: count.describe("as was asked for"),
      })
      .meta({ id: "JobCounts", description: "Jobs by what has become of them." })
      .describe("the caller's own"),
    waiting: z.array(WaitingJob).describe("of the queued jobs the ten that were submitted first"),
    trainers: z.array(TrainerRoom).describe("that gave a heartbeat lately; they serve all tenants"),
  })
  .meta({ id: "Overview", description: "What runs, what waits, and who could take it up." });

export type Overview = z.infer<typeof Overview>;
