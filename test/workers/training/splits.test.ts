import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createImageTable } from "../../../src/data/images/image-table.ts";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { createId } from "../../../src/domain/ids.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { createJobs } from "./jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;

describe("a job whose rows are split by what the user knows of them", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());

  const trained = async (csv: string, input: Input) => {
    const run = await jobs.train(csv, input);
    return { ...run, ...(await jobs.modelOf(run)) };
  };

  /** Rows of a group have their label in common, which no feature tells but x, which gives the group away. */
  const grouped = ["x,g,y"]
    .concat(Array.from({ length: 120 }, (_, i) => `${(i % 24) + i / 1000},p${i % 24},${((i % 24) * 7) % 5}`))
    .join("\n");

  test("by groups holds whole groups out of the search for the penalty too, and says what its figures are of", async () => {
    const task = { type: "regression", label: "y" } as const;
    const training = { batchSize: 16, split: { by: "g" } };
    const input: Input = { task, model: { type: "mlp", hidden: [4] }, training };
    const { report, events, end } = await trained(grouped, {
      ...input,
      training: { ...training, epochs: 3, penaltySearch: { factors: [0.25, 1] } },
    });
    expect(events.map(({ name }) => name)).toContain("penalty_chosen");
    expect(report.notes.map(({ code }) => code)).toContain("split_by_group");
    expect(end.type === "trained" && end.model.task.features).toEqual(["x"]);
  });

  test("by groups has wider intervals than rows that stand for themselves", async () => {
    const csv = ["x,g,y"]
      .concat(Array.from({ length: 400 }, (_, i) => `${(i * 37) % 101},p${i % 20},${(i % 20) * 10 + (i % 3)}`))
      .join("\n");
    const input = (split: object): Input => ({
      ...{ task: { type: "regression", label: "y", features: ["x"] }, model: { type: "linear" }, training: { split } },
    });
    const widthOf = async (split: object): Promise<number> => {
      const { report } = await trained(csv, input(split));
      if (report.task !== "regression") throw new Error("a regression's report");
      const { lower, upper } = report.meanAbsoluteError;
      return upper! - lower!;
    };
    expect(await widthOf({ by: "g" })).toBeGreaterThan(2 * (await widthOf({})));
  });

  test("says how many rows have no label, and is the same as without them", async () => {
    const rows = Array.from({ length: 80 }, (_, i) => `${i},${(i * i) % 17}`);
    const gaps = rows.flatMap((row, i) => (i % 4 === 0 ? [row, `${i},`] : [row]));
    const input: Input = { task: { type: "regression", label: "y" }, model: { type: "mlp", hidden: [3] } };
    const whole = await trained(["x,y", ...rows].join("\n"), input);
    const left = await trained(["x,y", ...gaps].join("\n"), input);
    expect(left.model.digest).toBe(whole.model.digest);
    expect(left.report.notes).toContainEqual({
      code: "labels_missing",
      message: expect.stringMatching(/^20 of the 100 rows have no "y": nothing was learnt or measured/) as string,
    });
    expect({ ...left.report, notes: [] }).toEqual({ ...whole.report, notes: [] });
  });

  test("by time tests on the latest rows", async () => {
    const csv = ["at,x,y"]
      .concat(Array.from({ length: 60 }, (_, i) => `2026-0${1 + (i % 6)}-1${i % 10},${i},${i % 6}`))
      .join("\n");
    const { report } = await trained(csv, {
      ...{ task: { type: "regression", label: "y" }, model: { type: "linear" } },
      training: { split: { time: "at", test: 1 / 6 } },
    });
    // Labels are the months: the last one alone is asked about.
    expect(report).toMatchObject({ split: "test", rows: 10, r2: null });
    expect(report.notes.map(({ code }) => code)).toContain("split_by_time");
  });

  test("in folds whose groups are classes of their own says that no fold has learnt the class it is asked about", async () => {
    const csv = ["x,g,y"].concat(Array.from({ length: 60 }, (_, i) => `${i % 7},site ${i % 6},c${i % 6}`)).join("\n");
    const { report, events } = await trained(csv, {
      ...{ task: { type: "classification", label: "y" }, model: { type: "softmax" } },
      training: { crossValidation: { folds: 3, by: "g" } },
    });
    expect(report.notes).toContainEqual({
      code: "classes_not_learnt",
      message: expect.stringMatching(
        /^all predictions are of rows whose class no training row of their fold has/,
      ) as string,
    });
    expect(events.filter(({ name }) => name === "class_without_rows")).toHaveLength(3);
  });

  test("by a column of images is the same streamed as whole", async () => {
    const side = 16;
    const id = createId("ds", Date.now());
    const rows = Array.from({ length: 400 }, (_, row) => ({
      cells: [Buffer.from(row % 2 === 0 ? "dark" : "light"), Buffer.from(row % 4 === 3 ? "t10k" : "train")],
      pixels: Uint8Array.from({ length: side * side * 3 }, (__, at) => ((row * 31 + at * 7) % 120) + (row % 2) * 100),
      line: row + 1,
    }));
    const table = createImageTable({
      columns: [
        { name: "label", type: "category" },
        { name: "split", type: "category" },
      ],
      image: { height: side, width: side, channels: 3 },
      rows: Readable.from(rows) as unknown as AsyncIterable<(typeof rows)[number]>,
    });
    const key = artifactKeys.datasetFile("default", id, "images");
    const written = await jobs.artifacts.write(key, Readable.from(table.bytes));
    const dataset: Dataset = {
      ...{ id, name: "sets", format: "images", ...written, ...table.profile(), createdAt: "2026-11-26T00:00:00Z" },
    };
    const input: Input = {
      task: { type: "classification", label: "label" },
      model: { type: "cnn", layers: [{ type: "conv2d", filters: 4 }, { type: "global_average_pool" }] },
      training: { epochs: 2, batchSize: 16, split: { column: "split", validation: 0.1 } },
    };
    const whole = await jobs.trainOn(dataset, input);
    const resources = { memoryBytes: whole.plan.memoryBytes - 1 };
    const streamed = await jobs.trainOn(dataset, { ...input, resources });
    expect(streamed.plan.ringRows).toBeGreaterThan(0);
    if (whole.end.type !== "trained" || streamed.end.type !== "trained") throw new Error("both succeed");
    expect(streamed.end.model.digest).toBe(whole.end.model.digest);
    expect((await jobs.modelOf(whole)).report).toMatchObject({ split: "test", rows: 100 });
    expect(whole.spec.training.split).toMatchObject({ test: 0.25, validation: 0.1 });
  });
});
