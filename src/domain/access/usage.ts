import { z } from "zod";
import { TenantId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";

const amounts = {
  computeSeconds: z.number().describe("time that jobs had a trainer, counted when they leave it"),
  jobs: z.int().describe("jobs that ended, however they did"),
  predictions: z.int().describe("requests for predictions that were answered"),
  predictedRows: z.int().describe("rows of data sets that jobs predicted"),
};

export const UsageDay = z
  .object({ day: z.iso.date().describe("of UTC"), ...amounts })
  .meta({ id: "UsageDay", description: "What a tenant used on one day." });

export const Usage = z
  .object({
    tenant: TenantId.describe("whose it is"),
    from: z.iso.date().describe("the first day"),
    to: z.iso.date().describe("the last day"),
    ...amounts,
    storedBytes: z.int().describe("that it has stored now"),
    days: z.array(UsageDay).describe("those on which it used anything, oldest first"),
  })
  .meta({ id: "Usage", description: "What a tenant used." });

export const AuditEntry = z
  .object({
    id: z.string().describe("its position, for `after`"),
    at: Timestamp.describe("when it was over"),
    tenant: TenantId.describe("of whoever did it"),
    key: z.string().nullable().describe("the id of the API key; null without keys"),
    operation: z.string().describe("what was asked for"),
    resource: z.string().nullable().describe("the id of what it was about; null: none"),
    surface: z.enum(["rest", "grpc"]).describe("how"),
    status: z.string().describe("what it came to: HTTP's number, or gRPC's name"),
    requestId: z.string().describe("by which it is found in the log"),
  })
  .meta({ id: "AuditEntry", description: "Who did what." });

export type UsageAmounts = Omit<z.infer<typeof UsageDay>, "day">;
export type UsageDay = z.infer<typeof UsageDay>;
export type Usage = z.infer<typeof Usage>;
export type AuditEntry = z.infer<typeof AuditEntry>;
