import { createHash } from "node:crypto";
import { z } from "zod";
import { ServiceError } from "../../domain/errors.ts";
import type { Job } from "../../domain/jobs/job.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { planJob } from "./planning/plan-job.ts";
import { enqueueJob } from "./queue-entry.ts";

/** Keys sorted at every depth: the order in which a client writes them does not make another body. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, canonical(v)]),
  );
};

const digestOf = (body: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(canonical(body)))
    .digest("hex");

const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/);

const parseIdempotencyKey = (key: string | undefined): string | null => {
  if (key === undefined) return null;
  if (IdempotencyKey.safeParse(key).success) return key;
  throw new ServiceError("malformed", "Idempotency-Key must be 1 to 255 visible ASCII characters");
};

/**
 * Records a job durably and queues it. With an idempotency key, the same body answers with the job that was made first
 * (`created` false) and another body is `idempotency_mismatch`. Once this resolves, the job is not lost.
 */
export const submitJob = async (
  deps: Deps,
  caller: Caller,
  request: { spec: unknown; idempotencyKey?: string | undefined },
): Promise<{ job: Job; created: boolean }> => {
  const key = parseIdempotencyKey(request.idempotencyKey);
  const { spec, plan } = await planJob(deps, caller, request.spec);
  const { job, created, place } = await deps.jobs.create({
    tenant: caller.tenant,
    id: deps.createId("job"),
    spec,
    plan,
    createdAt: deps.now().toISOString(),
    idempotency: key === null ? null : { key, bodyDigest: digestOf(request.spec) },
    quota: deps.quotas.queuedJobs === null ? null : { queuedJobs: deps.quotas.queuedJobs },
  });
  if (job.state === "queued") await enqueueJob(deps, caller.tenant, job, { place, isNew: created });
  return { job, created };
};
