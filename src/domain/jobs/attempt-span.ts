import { createHash } from "node:crypto";
import type { TenantId } from "../ids.ts";
import type { Span, Tracing } from "../observing/tracing.ts";
import type { Job } from "./job.ts";
import { poolOf, queueNameOf } from "./pool.ts";

const hex = (text: string, digits: number): string => createHash("sha256").update(text).digest("hex").slice(0, digits);

/** Known to all before they are told: the API tells of an attempt whose trainer cannot any more. */
const idsOf = ({ id }: Job, attempt: number) => ({ trace: hex(id, 32), span: hex(`${id}/${attempt}`, 16) });

/** Of jobs that no traced request submitted, such as trials: all attempts are in one trace all the same. */
const traceOf = (job: Job): string => job.origin?.traceparent?.slice(3, 35) ?? idsOf(job, 0).trace;

/** When the attempt was taken up, by the job's history. */
const startMs = ({ history }: Job, attempt: number): number | undefined => {
  const entry = history.find((one) => one.state === "running" && one.attempt === attempt);
  return entry === undefined ? undefined : Date.parse(entry.at);
};

/** One attempt at a job, from the claim to the last commit. It goes on from the request that submitted the job, and links to the attempt before. */
export const startAttemptSpan = (tracing: Tracing, tenant: TenantId, job: Job, attempt: number): Span => {
  const parent = job.origin?.traceparent ?? null;
  const flags = parent?.slice(53) ?? "01";
  const before = `00-${traceOf(job)}-${idsOf(job, attempt - 1).span}-${flags}`;
  const atMs = startMs(job, attempt);
  const queue = queueNameOf(poolOf(job.spec.resources));
  return tracing.start(`process ${queue}`, {
    parent,
    ids: idsOf(job, attempt),
    kind: "consumer",
    ...(atMs === undefined ? {} : { atMs }),
    ...(attempt === 1 ? {} : { links: [before] }),
    attributes: {
      "messaging.system": "bullmq",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": queue,
      "messaging.message.id": job.id,
      "descent.tenant": tenant,
      "descent.job.id": job.id,
      "descent.job.attempt": attempt,
      "descent.job.kind": job.prediction === undefined ? "training" : "prediction",
      "descent.dataset.id": job.spec.dataset,
      "descent.model.type": job.spec.model.type,
    },
  });
};
