import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { JsonValue } from "../json-value.ts";
import { type NoticeType, notices } from "./event-types.ts";
import { eventParts } from "./job.ts";
import { JobState } from "./job-state.ts";

const noticeTypes = Object.keys(notices) as [NoticeType];
const meanings = Object.entries(notices).map(([type, meaning]) => `\`${type}\`: ${meaning}`);

/** A job's events by their type, as clients see them. */
export const AnyEvent = z
  .discriminatedUnion("type", [
    z
      .object({
        ...eventParts,
        type: z.literal("state"),
        data: z
          .object({ state: JobState, attempt: z.int().describe("how many times a trainer had taken the job up") })
          .describe("what it came to"),
      })
      .meta({ id: "StateEvent", title: "State", description: "The job's state changed." }),
    z
      .object({
        ...eventParts,
        type: z.literal("progress"),
        data: z
          .object({ progress: z.number().describe("share of the planned steps, 0 to 1") })
          .catchall(z.number())
          .describe("progress, and the latest metrics by name: trainLoss, validationLoss, …"),
      })
      .meta({ id: "ProgressEvent", title: "Progress", description: "How far the training is." }),
    z
      .object({
        ...eventParts,
        type: z.literal("checkpoint"),
        data: z
          .object({
            step: z.int().describe("optimiser steps that it holds"),
            bytes: z.int().describe("its size"),
            seconds: z.number().describe("what it took to write"),
          })
          .describe("what was written"),
      })
      .meta({ id: "CheckpointEvent", title: "Checkpoint", description: "The job can go on from here." }),
    z
      .object({
        ...eventParts,
        type: z.enum(noticeTypes).describe(meanings.join("; ")),
        data: exactRecord(z.string(), JsonValue).describe("the numbers behind the message, by name"),
      })
      .meta({ id: "NoticeEvent", title: "Notice", description: "What is worth knowing of the training." }),
  ])
  .meta({ id: "JobEvent", title: "Event", description: "One line of a job's event log." });

export type AnyEvent = z.infer<typeof AnyEvent>;
