import { z } from "zod";
import { exactRecord } from "../exact-record.ts";
import { DatasetId, ModelId } from "../ids.ts";
import { limits } from "../limits.ts";
import { PoolName } from "./pool.ts";
import { WebhookSpec } from "./spec/webhook-spec.ts";

/** What a job that predicts has beside a job that trains. */
export const JobPrediction = z
  .object({
    model: ModelId.describe("whose answers they are"),
    rows: z.int().describe("of the data set"),
    result: z
      .object({
        rows: z.int().describe("with an answer: all of them"),
        bytes: z.int().describe("of the answers as NDJSON"),
        warnings: exactRecord(z.string(), z.int()).describe("how often rows had what training had not, by code"),
        index: z
          .object({ bytes: z.int().describe("its size"), sha256: z.string().describe("its digest") })
          .meta({ id: "PredictionIndex", description: "The list of the stored blocks, each with its digest." }),
      })
      .meta({ id: "PredictionResult", description: "What a prediction left." })
      .nullable()
      .describe("null until it succeeded"),
  })
  .meta({ id: "JobPrediction", description: "Of a job that predicts a whole data set." });

export const PredictDatasetRequest = z
  .strictObject({
    dataset: DatasetId.describe("whose rows are to be predicted"),
    name: z.string().min(1).max(limits.nameLength).optional().describe("of the job; left out, the model's"),
    priority: z.int().min(-100).max(100).default(0).describe("higher runs first"),
    maxSeconds: z
      .number()
      .positive()
      .max(30 * 24 * 3600)
      .default(3600)
      .describe("of computing, before the job fails"),
    pool: PoolName.optional().describe(
      "of the trainers that may run it; left out, that of the job that made the model",
    ),
    webhook: WebhookSpec.optional().describe("told when the job is done"),
  })
  .meta({ id: "PredictDatasetRequest", description: "A data set to predict." });

export type JobPrediction = z.infer<typeof JobPrediction>;

/** Where the answers lie: block after block, each held against its digest. */
export const PredictionIndexFile = z.object({
  blocks: z.array(z.object({ rows: z.int(), bytes: z.int(), sha256: z.string() })),
});
export type PredictionBlock = z.infer<typeof PredictionIndexFile>["blocks"][number];
