import { z } from "zod";
import { DatasetId, JobId, ModelId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";
import { JobState } from "../jobs/job-state.ts";
import { ModelVersion } from "./model-version.ts";

const node = {
  id: ModelId,
  name: z.string(),
  version: ModelVersion,
  origin: z.enum(["trained", "imported"]),
  createdAt: Timestamp,
  aliases: z.array(z.string()).describe("those that name it now"),
  job: JobId.nullable().describe("the job that made it"),
  dataset: z
    .object({ id: DatasetId, name: z.string(), rows: z.int(), sha256: z.string() })
    .nullable()
    .describe("what it was trained on"),
  file: z
    .object({ sha256: z.string(), bytes: z.int(), licence: z.string().nullable(), source: z.string().nullable() })
    .nullable()
    .describe("what it was read from, as given, if it was imported"),
};

const LineageModel = z.object(node).meta({ id: "LineageModel" });

/** An unfinished job that starts from a model. */
const LineageJob = z.object({ id: JobId, state: JobState }).meta({ id: "LineageJob" });

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
  .meta({ id: "LineageBranch" });

export const Lineage = z
  .object({
    ancestors: z.array(LineageModel).describe("its base, the base's base, …"),
    model: LineageBranch,
    truncated: z.boolean().describe("whether there is more than is shown"),
  })
  .meta({ id: "Lineage" });

export type Lineage = z.infer<typeof Lineage>;
