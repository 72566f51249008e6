import { afterAll, beforeAll, expect, test } from "vitest";
import { createJobs } from "./jobs.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs.close());

const columns = 12;
/** As many columns as training rows: the fit passes through them all, but for rounding. */
const wide = [
  Array.from({ length: columns }, (_, j) => `x${j}`)
    .concat("y")
    .join(","),
]
  .concat(
    Array.from({ length: 14 }, (_, i) =>
      Array.from({ length: columns + 1 }, (_, j) => `${Math.sin(1 + i * 7.1 + j * 3.3).toFixed(6)}`).join(","),
    ),
  )
  .join("\n");
const line = ["x,y"].concat(Array.from({ length: 40 }, (_, i) => `${i},${0.1 * i + 0.7}`)).join("\n");

test.each([
  ["through every training row", wide],
  ["of an exact line", line],
])("a linear fit %s has no log-likelihood, and says why", async (_what, csv) => {
  const run = await jobs.train(csv, { task: { type: "regression", label: "y" }, model: { type: "linear" } });
  const { report } = await jobs.modelOf(run);
  if (report.task !== "regression") throw new Error("a regression's report");
  expect(report.logLikelihood).toBeNull();
  expect(report.trainingFit?.logLikelihood ?? null).toBeNull();
  expect(report.notes.map(({ code }) => code)).toContain("no_spread");
});

test("a fit with small residuals has one", async () => {
  const noisy = ["x,y"]
    .concat(Array.from({ length: 40 }, (_, i) => `${i},${0.1 * i + 1e-6 * ((i * 7) % 5)}`))
    .join("\n");
  const run = await jobs.train(noisy, { task: { type: "regression", label: "y" }, model: { type: "linear" } });
  const { report } = await jobs.modelOf(run);
  if (report.task !== "regression") throw new Error("a regression's report");
  expect(report.logLikelihood?.value).toBeGreaterThan(5);
  expect(report.notes.map(({ code }) => code)).not.toContain("no_spread");
});
