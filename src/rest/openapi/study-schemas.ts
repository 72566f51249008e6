import { z } from "zod";
import { Study, Trial } from "../../domain/studies/study.ts";
import { StudySpec, TrialValues } from "../../domain/studies/study-spec.ts";

const nextPageToken = z.string().nullable().describe("pass as pageToken for the next page; null on the last");

export const StudyPage = z.object({ items: z.array(Study), nextPageToken }).meta({ id: "StudyPage" });
export const TrialPage = z.object({ items: z.array(Trial), nextPageToken }).meta({ id: "TrialPage" });
export const Suggestion = z
  .strictObject({ values: TrialValues.describe("pointer of the space → value; every parameter") })
  .meta({ id: "Suggestion" });
export const StudyValidation = z
  .object({
    spec: StudySpec.describe("with every default filled in"),
    trials: z.int(),
    memoryBytes: z.int().describe("of one trial at most"),
    parameters: z.int().describe("of one trial at most"),
    epochs: z.int(),
    estimatedSeconds: z.number().describe("of computing, on one trainer: a guide, not a promise"),
    warnings: z.array(z.string()),
  })
  .meta({ id: "StudyValidation", description: "What a study that would be accepted would cost" });
