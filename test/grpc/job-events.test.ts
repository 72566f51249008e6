import { expect, it } from "vitest";
import type { JobEvent } from "../../src/domain/jobs/job.ts";
import * as wire from "../../src/grpc/generated/descent/v1/jobs.ts";
import { toEvent } from "../../src/grpc/job-messages.ts";

const event = (type: string, data: JobEvent["data"]): JobEvent => ({
  ...{ id: "1-0", at: "2026-01-01T00:00:00.000Z", level: "info", message: "m", type, data },
});

const cases: [string, JobEvent["data"], wire.JobEvent["detail"]][] = [
  ["state", { state: "paused", attempt: 2 }, { $case: "state", value: { state: 4, attempt: 2 } }],
  ["state", { state: "succeeded" }, { $case: "state", value: { state: 6, attempt: undefined } }],
  ["state", { state: "no state of this version" }, undefined],
  [
    "progress",
    { progress: 0.5, trainLoss: 0.25, __proto__x: 1, validationLoss: null },
    { $case: "progress", value: { progress: 0.5, metrics: { trainLoss: 0.25, __proto__x: 1 } } },
  ],
  [
    "checkpoint",
    { step: 7, bytes: 2 ** 40, seconds: 0.5 },
    { $case: "checkpoint", value: { step: 7, bytes: 2 ** 40, seconds: 0.5 } },
  ],
  ["checkpoint", { step: 7 }, undefined],
  ["solved", { iterations: 3 }, undefined],
];

it.each(cases)("a job's %s event has its data as JSON, and typed where they are known: %j", (type, data, detail) => {
  const message = wire.JobEvent.decode(wire.JobEvent.encode(toEvent(event(type, data))).finish());
  expect(message).toMatchObject({ type, message: "m", level: "info" });
  expect({ ...message.data }).toEqual(data);
  expect(JSON.parse(JSON.stringify(message.detail ?? null))).toEqual(JSON.parse(JSON.stringify(detail ?? null)));
});
