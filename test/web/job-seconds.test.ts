import { expect, test } from "vitest";
import type { HistoryEntry } from "../../src/domain/jobs/job.ts";
import type { JobState } from "../../src/domain/jobs/job-state.ts";
import { jobSeconds } from "../../src/web/page/jobs/job-seconds.ts";

const at = (second: number): string => new Date(1_700_000_000_000 + second * 1000).toISOString();
const secondsAt = (nowSecond: number, ...states: [JobState, number][]): number | null => {
  const history = states.map(([state, second]): HistoryEntry => ({ state, at: at(second), reason: "", attempt: 1 }));
  const startedAt = history.find(({ state }) => state === "running")?.at ?? null;
  return jobSeconds({ history, startedAt }, Date.parse(at(nowSecond)));
};

test("a job's clock runs while a trainer has it, and stands still while it waits or is paused", () => {
  expect(secondsAt(5, ["queued", 0])).toBeNull();
  expect(secondsAt(9, ["queued", 0], ["running", 2])).toBe(7);
  expect(secondsAt(1000, ["queued", 0], ["running", 2], ["pausing", 5], ["paused", 6])).toBe(4);
  expect(
    secondsAt(9999, ["queued", 0], ["running", 2], ["paused", 6], ["queued", 50], ["running", 60], ["succeeded", 61]),
  ).toBe(5);
});
