import { z } from "zod";
import { JobId, StudyId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";

export const CreateToken = z
  .strictObject({
    resource: z
      .union([JobId, StudyId], "must be the id of a job or a study")
      .describe("The job or study whose events may be followed."),
    seconds: z.int().min(10).max(3600).default(300).describe("For how long, in seconds. Left out: 300."),
  })
  .meta({ id: "CreateToken", description: "A token for a browser's event stream." });

export const EventToken = z
  .object({
    token: z.string().describe("to be sent as `?token=` with the event stream; not stored, and not shown again"),
    resource: z.string().describe("the job or study whose events it opens, and nothing else"),
    expiresAt: Timestamp.describe("from when on no stream is opened with it; one that is open goes on"),
  })
  .meta({ id: "EventToken", description: "A token for a browser's event stream." });
export type EventToken = z.infer<typeof EventToken>;
