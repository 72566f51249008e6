import { z } from "zod";
import { DatasetId, JobId, ModelId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";
import { JobState } from "../jobs/job-state.ts";
import { ModelVersion } from "./model-version.ts";

const node = {
  id: ModelId,
  name: z.string().describe("the model's"),
  version: ModelVersion,
  origin: z.enum(["trained", "imported"]).describe("whether it was trained here or read from a file"),
  createdAt: Timestamp.describe("when it was stored"),
  aliases: z.array(z.string()).describe("those that name it now"),
  job: JobId.nullable().describe("the job that made it"),
  dataset: z
    .object({
      id: DatasetId,
      name: z.string().describe("the data set's"),
      rows: z.int().describe("how many it has"),
      sha256: z.string().describe("of its file"),
    })
    .meta({ id: "LineageDataset", description: "A data set that a model was trained on." })
    .nullable()
    .describe("what it was trained on"),
  file: z
    .object({
      sha256: z.string().describe("of the file as it came"),
      bytes: z.int().describe("its size"),
      licence: z.string().nullable().describe("of the weights, as given"),
      source: z.string().nullable().describe("where it comes from, as given"),
    })
    .meta({ id: "LineageFile", description: "The file that a model was read from." })
    .nullable()
    .describe("what it was read from, as given, if it was imported"),
};

const LineageModel = z.object(node).meta({ id: "LineageModel", description: "A model, and what made it." });

const LineageJob = z
  .object({ id: JobId, state: JobState })
  .meta({ id: "LineageJob", description: "An unfinished job that starts from a model." });

export type LineageModel = z.infer<typeof LineageModel>;
export type LineageJob = z.infer<typeof LineageJob>;
/** A model, with what came of it. */
export interface LineageBranch extends LineageModel {
  jobs: LineageJob[];
  descendants: LineageBranch[];
}

const LineageBranch: z.ZodType<LineageBranch> = z
  .object({
    ...node,
    jobs: z.array(LineageJob).describe("unfinished ones that start from it"),
    get descendants() {
      return z.array(LineageBranch).describe("models that started from it");
    },
  })
  .meta({ id: "LineageBranch", description: "A model, and what came of it." });

export const Lineage = z
  .object({
    ancestors: z.array(LineageModel).describe("its base, the base's base, …"),
    model: LineageBranch,
    truncated: z.boolean().describe("whether there is more than is shown"),
  })
  .meta({ id: "Lineage", description: "Where a model comes from, and what came of it." });

export type Lineage = z.infer<typeof Lineage>;
