import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/domain/jobs/job.ts";
import type { Report } from "../../../workers/engine/team-run.ts";
import type { Attempt } from "../../../workers/trainer/attempt-context.ts";
import type { Outbox } from "../../../workers/trainer/outbox.ts";
import { createReporter } from "../../../workers/trainer/reporter.ts";
import type { TrainerDeps } from "../../../workers/trainer/trainer-deps.ts";

/** What a second attempt tells of its progress, after one that told of 0.4. */
const told = (...messages: Report[]): number[] => {
  const written: number[] = [];
  const outbox = { progress: (value: number) => written.push(value), event: () => {} } as unknown as Outbox;
  const attempt = { outbox, job: { progress: 0.4, metrics: {}, plan: { steps: 100 } } as unknown as Job };
  const deps = { leaseMs: 60_000, meter: { steps: () => {} } };
  const { report, stop } = createReporter(
    deps as unknown as TrainerDeps,
    attempt as unknown as Attempt,
    pino({ level: "silent" }),
  );
  for (const message of messages) report(message);
  stop();
  return written;
};
const progress = (value: number): Report => ({ type: "progress", progress: value, metrics: {} });

describe("the progress that an attempt reports", () => {
  it("does not go back where it resumes from a checkpoint before what was told", () => {
    expect(
      told({ type: "started", secondsBefore: 1, step: 30 }, progress(0.31), progress(0.39), progress(0.45)),
    ).toEqual([0.4, 0.4, 0.45]);
  });

  it("does where it starts anew: nothing of what was told is left", () => {
    expect(told({ type: "started", secondsBefore: 0, step: 0 }, progress(0.01))).toEqual([0.01]);
  });
});
