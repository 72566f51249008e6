import { expect, test } from "vitest";
import { startAttemptSpan } from "../../src/domain/jobs/attempt-span.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { noSpan, type Span, type SpanOptions } from "../../src/domain/observing/tracing.ts";
import type { Caller } from "../../src/usecases/admission/caller.ts";
import { sending } from "../../src/usecases/jobs/queue-entry.ts";

interface Told {
  name: string;
  destination: unknown;
}

const told = (name: string, { attributes }: SpanOptions = {}): Told => ({
  name,
  destination: attributes?.["messaging.destination.name"],
});

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test.each([
  [["default"], { name: "send training", destination: "training" }],
  [["large"], { name: "send training.large", destination: "training.large" }],
  [["large", "large"], { name: "send training.large", destination: "training.large" }],
  [["default", "large"], { name: "send", destination: undefined }],
])("jobs of %j are sent to the queue of their pool; that of several has no name", async (pools, expected) => {
  const seen: Told[] = [];
  const child: Span["child"] = (name, options) => {
    seen.push(told(name, options));
    return noSpan;
  };
  const caller = { tenant: "default", span: { ...noSpan, traceparent, child } } as unknown as Caller;
  expect(await sending(caller, pools, {}, async () => "recorded")).toBe("recorded");
  expect(seen).toEqual([expected]);
});

test.each([
  [undefined, "training"],
  ["large", "training.large"],
])("an attempt at a job of the pool %s is of its queue", (pool, queue) => {
  const seen: Told[] = [];
  const tracing = {
    start: (name: string, options: SpanOptions) => {
      seen.push(told(name, options));
      return noSpan;
    },
  };
  const job = { id: "job_1", history: [], spec: { dataset: "ds_1", model: { type: "mlp" }, resources: { pool } } };
  startAttemptSpan(tracing, "default", job as unknown as Job, 1);
  expect(seen).toEqual([{ name: `process ${queue}`, destination: queue }]);
});
