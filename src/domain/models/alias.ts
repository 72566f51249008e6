import { z } from "zod";
import { AliasName, ModelId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";

/** A movable name of a model. */
export const Alias = z
  .object({
    name: AliasName.describe("1–63 of a–z, 0–9, '.', '_' or '-'"),
    model: ModelId.describe("what it names"),
    revision: z.int().describe("grows with every change: the entity tag that `If-Match` is compared with"),
    createdAt: Timestamp.describe("when it was made"),
    updatedAt: Timestamp.describe("when it was moved last"),
  })
  .meta({ id: "Alias", description: "A movable name of a model." });

/** One change of an alias. */
export const AliasChange = z
  .object({
    revision: z.int().describe("of the alias, from then on"),
    model: ModelId.nullable().describe("what it named from then on; null: it was deleted"),
    at: Timestamp.describe("when"),
    by: z.string().nullable().describe("the id of the API key; null without keys"),
  })
  .meta({ id: "AliasChange", description: "One change of an alias." });

/** What the artifact store keeps of an alias; `model` is null of one that was deleted. */
export const AliasManifest = z.object({
  ...Alias.shape,
  model: ModelId.nullable(),
  history: z.array(AliasChange),
});

export const PutAliasRequest = z
  .strictObject({
    model: z.union([ModelId, AliasName]).describe("the model's id; another alias stands for what it names now"),
  })
  .meta({ id: "PutAliasRequest", description: "What an alias is to name." });

/** What must hold for a change to be made: it is absent, it is there, or it has this revision. Null: whatever it is. */
export type AliasCondition = "absent" | "present" | number | null;

export type Alias = z.infer<typeof Alias>;
export type AliasChange = z.infer<typeof AliasChange>;
export type AliasManifest = z.infer<typeof AliasManifest>;
