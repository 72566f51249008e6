import { z } from "zod";
import { TenantId } from "../ids.ts";
import { Timestamp } from "../jobs/job.ts";

export const KeyId = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, "must be 1–63 letters, digits, '.', '_' or '-', starting with a letter or digit");

/** What a tenant's own key may do; operators' keys are made on the machine alone. */
const KeyScope = z.enum(["read", "submit", "admin"]);

const limit = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();
const TenantQuotas = z
  .strictObject({
    queuedJobs: limit.optional().describe("Queued and paused jobs. Left out: QUOTA_QUEUED_JOBS; null: any number."),
    runningJobs: limit
      .optional()
      .describe("Jobs with trainers at a time. Left out: QUOTA_RUNNING_JOBS; null: any number."),
    storedBytes: limit
      .optional()
      .describe("Of data sets, models and checkpoints, in bytes. Left out: QUOTA_STORED_BYTES; null: any number."),
  })
  .meta({ id: "TenantQuotas", description: "What a tenant may hold at a time." });

const TenantRate = z
  .strictObject({
    perSecond: z.number().positive().max(1e6).describe("Requests a second, in the long run."),
    burst: z.int().min(1).max(1e6).describe("Requests at once."),
  })
  .meta({ id: "TenantRate", description: "So many at once, and so many a second after that; for each key." });
const rate = (what: string) => TenantRate.optional().describe(`${what} Left out: as RATE_LIMITS has it.`);
const TenantRates = z
  .strictObject({
    read: rate("Of looking."),
    submit: rate("Of submitting and steering."),
    admin: rate("Of deleting."),
    predict: rate("Of predictions."),
  })
  .meta({ id: "TenantRates", description: "How fast each key of a tenant may ask." });

export const PutTenant = z
  .strictObject({
    suspended: z.boolean().default(false).describe("Whether its keys are refused. Left out: false."),
    quotas: TenantQuotas.default({}).describe("Its own limits. Left out: those of the service."),
    rates: TenantRates.default({}).describe("Its own rates. Left out: those of the service."),
  })
  .meta({ id: "PutTenant", description: "What a tenant may." });

export const CreateKey = z
  .strictObject({
    id: KeyId.describe("Names the key in logs, rates and the audit log; unique within the tenant."),
    scopes: z.array(KeyScope).min(1).default(["read", "submit"]).describe("What it may. Left out: read and submit."),
    expiresAt: Timestamp.nullable().default(null).describe("From when on it opens nothing. Left out: null, never."),
  })
  .meta({ id: "CreateKey", description: "A key to be made." });

export const RotateKey = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(86_400)
      .describe("For how long the secrets before it still open, in seconds. Left out: 86400, a day."),
  })
  .meta({ id: "RotateKey", description: "How a key's secret is replaced." });

export const AccessKey = z
  .object({
    id: KeyId.describe("names it in logs, rates and the audit log"),
    scopes: z.array(KeyScope).describe("what it may"),
    createdAt: Timestamp.describe("when it was made"),
    rotatedAt: Timestamp.nullable().describe("when its newest secret was made; null: with the key"),
    expiresAt: Timestamp.nullable().describe("from when on it opens nothing; null: never"),
    secrets: z.int().describe("how many open it now: two while a rotation's overlap lasts; 0 once it has expired"),
  })
  .meta({ id: "AccessKey", description: "An API key, without its secret." });

export const CreatedKey = AccessKey.extend({
  secret: z.string().describe("to be sent as `Authorization: Bearer …`; stored as a hash, and not shown again"),
}).meta({ id: "CreatedKey", description: "An API key with its new secret." });

export const Tenant = z
  .object({
    id: TenantId.describe("1–40 of a–z, 0–9 or '-'"),
    suspended: z.boolean().describe("whether its keys are refused"),
    quotas: TenantQuotas.describe("its own limits; what is left out is the service's"),
    rates: TenantRates.describe("its own rates; what is left out is the service's"),
    keys: z.array(AccessKey).describe("those made by the API, not those of the file"),
    createdAt: Timestamp.describe("when it was first recorded"),
    updatedAt: Timestamp.describe("when it or one of its keys last changed"),
  })
  .meta({ id: "Tenant", description: "A tenant: whose resources are its own, and what it may." });

const KeyRecord = z.object({
  ...{ id: KeyId, scopes: z.array(KeyScope), createdAt: Timestamp, rotatedAt: Timestamp.nullable() },
  expiresAt: Timestamp.nullable(),
  /** Lower-case hexadecimal SHA-256; the newest first. */
  secrets: z.array(z.object({ sha256: z.string(), expiresAt: Timestamp.nullable() })),
});

/** A tenant as it is stored: with its keys, and the hashes of their secrets. */
export const TenantRecord = z.object({
  ...{ id: TenantId, suspended: z.boolean(), quotas: TenantQuotas, rates: TenantRates },
  keys: z.array(KeyRecord),
  /** Grows with each change. */
  revision: z.int(),
  ...{ createdAt: Timestamp, updatedAt: Timestamp },
});

export type AccessKey = z.infer<typeof AccessKey>;
export type CreatedKey = z.infer<typeof CreatedKey>;
export type Tenant = z.infer<typeof Tenant>;
export type KeyRecord = z.infer<typeof KeyRecord>;
export type TenantRecord = z.infer<typeof TenantRecord>;

export const mostKeys = 100;

/** Whether a time that may be none is over; RFC 3339 in UTC. */
const isOver = (at: string | null, now: string): boolean => at !== null && Date.parse(at) <= Date.parse(now);

export const secretsInForce = (key: KeyRecord, now: string): KeyRecord["secrets"] =>
  isOver(key.expiresAt, now) ? [] : key.secrets.filter(({ expiresAt }) => !isOver(expiresAt, now));

export const toAccessKey = (key: KeyRecord, now: string): AccessKey => {
  const { id, scopes, createdAt, rotatedAt, expiresAt } = key;
  return { id, scopes, createdAt, rotatedAt, expiresAt, secrets: secretsInForce(key, now).length };
};

export const toTenant = ({ revision: _, keys, ...tenant }: TenantRecord, now: string): Tenant => ({
  ...tenant,
  keys: keys.map((key) => toAccessKey(key, now)),
});
