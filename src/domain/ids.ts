import { decodeTime, ulid } from "ulid";
import { z } from "zod";

const ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}";

export const DatasetId = z
  .string()
  .regex(new RegExp(`^ds_${ULID}$`), "must be a data set id (ds_…)")
  .meta({ id: "DatasetId", description: "The id of a data set: ds_ and a ULID." });
export const JobId = z
  .string()
  .regex(new RegExp(`^job_${ULID}$`), "must be a job id (job_…)")
  .meta({ id: "JobId", description: "The id of a job: job_ and a ULID." });
export const ModelId = z
  .string()
  .regex(new RegExp(`^mdl_${ULID}$`), "must be a model id (mdl_…)")
  .meta({ id: "ModelId", description: "The id of a model: mdl_ and a ULID." });
export const StudyId = z
  .string()
  .regex(new RegExp(`^std_${ULID}$`), "must be a study id (std_…)")
  .meta({ id: "StudyId", description: "The id of a study: std_ and a ULID." });

/** A movable name of a model: usable wherever a model id is. */
export const AliasName = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,62}$/, "must be 1–63 of a–z, 0–9, '.', '_' or '-', starting with a letter")
  .meta({ id: "AliasName", description: "A movable name of a model: usable wherever a model id is." });

/** The owner of every resource; without API keys there is one tenant, `default`. */
export const TenantId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must be 1–40 of a–z, 0–9 or '-'");

export type DatasetId = z.infer<typeof DatasetId>;
export type JobId = z.infer<typeof JobId>;
export type StudyId = z.infer<typeof StudyId>;
export type ModelId = z.infer<typeof ModelId>;
export type TenantId = z.infer<typeof TenantId>;

export const defaultTenant: TenantId = "default";

/** A new id, sortable by creation time: prefix and ULID. Its 16 random characters are drawn at once: singly they cost more than the rest of a request's ids. */
export const createId = (prefix: "ds" | "job" | "mdl" | "std", nowMs: number): string => {
  const random = crypto.getRandomValues(new Uint8Array(16));
  let drawn = 0;
  return `${prefix}_${ulid(nowMs, () => (random[drawn++] ?? 0) / 256)}`;
};

/** When an id was made. */
export const idTimeMs = (id: string): number => decodeTime(id.slice(id.indexOf("_") + 1));

/** A job's model bears the job's ULID, so committing the same job twice names the same model. */
export const modelIdOfJob = (job: JobId): ModelId => `mdl_${job.slice("job_".length)}`;

export const jobIdOfModel = (model: ModelId): JobId => `job_${model.slice("mdl_".length)}`;
