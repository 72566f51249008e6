import { expect, test } from "vitest";
import { isPlain, type ListedJob, newestFirst, select } from "../../src/web/page/jobs/job-list.ts";

const job = (n: number, more: Partial<ListedJob> = {}): ListedJob => ({
  ...{ id: `job_${String(n).padStart(5, "0")}`, name: `job ${n}`, state: "succeeded", done: true, progress: 1 },
  ...{ task: "classification", model: "mlp", labels: {}, trainLoss: null, validationLoss: null },
  ...{ result: null, seconds: null, createdAt: "2026-01-01T00:00:00Z" },
  ...more,
});

const names = (jobs: readonly ListedJob[]): string[] => jobs.map(({ name }) => name);

test("every word of the search is somewhere in the name, the id, the task, the model or a label", () => {
  const jobs = [
    job(1, { name: "Iris", labels: { team: "growth" } }),
    job(2, { name: "iris, wide", model: "linear" }),
    job(3, { name: "wine" }),
  ];
  const found = (search: string) => names(select(jobs, { ...newestFirst, search }));
  expect(found("iris")).toEqual(["iris, wide", "Iris"]);
  expect(found("IRIS growth")).toEqual(["Iris"]);
  expect(found("linear job_00002")).toEqual(["iris, wide"]);
  expect(found("iris wine")).toEqual([]);
  expect(names(select(jobs, { ...newestFirst, label: "team=growth" }))).toEqual(["Iris"]);
  expect(names(select(jobs, { ...newestFirst, state: "failed" }))).toEqual([]);
});

test("what has no value comes last either way, the newest first among equals", () => {
  const jobs = [
    job(1, { result: { name: "testR2", value: 0.5 } }),
    job(2),
    job(3, { result: { name: "testR2", value: 0.9 } }),
    job(4, { result: { name: "testR2", value: 0.5 } }),
    job(5),
  ];
  expect(names(select(jobs, { ...newestFirst, sort: "result" }))).toEqual([
    "job 3",
    "job 4",
    "job 1",
    "job 5",
    "job 2",
  ]);
  expect(names(select(jobs, { ...newestFirst, sort: "result", descending: false }))).toEqual([
    ...["job 4", "job 1", "job 3", "job 5", "job 2"],
  ]);
});

test("ten thousand jobs are searched and sorted whole", () => {
  const jobs = Array.from({ length: 10_000 }, (_, i) => job(i, { seconds: (i * 7919) % 10_007 }));
  const found = select(jobs, { ...newestFirst, search: "job", sort: "time", descending: false });
  expect(found).toHaveLength(10_000);
  expect(found.every(({ seconds }, i) => i === 0 || (found[i - 1]!.seconds ?? 0) <= (seconds ?? 0))).toBe(true);
  expect(isPlain(newestFirst)).toBe(true);
  expect(isPlain({ ...newestFirst, state: "failed" })).toBe(true);
  expect(isPlain({ ...newestFirst, sort: "name" })).toBe(false);
});
