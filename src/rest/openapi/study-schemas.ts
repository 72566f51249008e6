import { z } from "zod";
import { Study, Trial } from "../../domain/studies/study.ts";
import { StudySpec, TrialValues } from "../../domain/studies/study-spec.ts";
import { nextPageToken } from "./schemas.ts";

export const StudyPage = z
  .object({ items: z.array(Study).describe("newest first"), nextPageToken })
  .meta({ id: "StudyPage", description: "A page of studies." });
export const TrialPage = z
  .object({ items: z.array(Trial).describe("in the order of their numbers"), nextPageToken })
  .meta({ id: "TrialPage", description: "A page of a study's trials." });
export const Suggestion = z
  .strictObject({ values: TrialValues.describe("pointer of the space → value; every parameter") })
  .meta({ id: "Suggestion", description: "Values of your own that a study tries next." });
export const StudyValidation = z
  .object({
    spec: StudySpec.describe("with every default filled in"),
    trials: z.int().describe("how many there would be: `spec.trials`, or fewer where a grid ends before"),
    jobs: z
      .int()
      .describe("that they would be at most: a trial is one, with several seeds one for each; and that of the choice"),
    memoryBytes: z.int().describe("of one trial at most"),
    parameters: z.int().describe("of one trial at most"),
    epochs: z.int().describe("of a trial that is not stopped"),
    estimatedSeconds: z.number().describe("of computing, on one trainer: a guide, not a promise"),
    warnings: z
      .array(z.string())
      .describe("what is odd about the jobs or their data, without making them wrong; at most 20"),
  })
  .meta({ id: "StudyValidation", description: "What a study that would be accepted would cost" });
