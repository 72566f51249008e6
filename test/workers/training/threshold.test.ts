import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLabelReader } from "../../../src/data/preprocessing/label-reader.ts";
import { visitSplitRows } from "../../../src/data/splits/split-rows.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { ClassificationReport } from "../../../src/domain/models/report.ts";
import { createJobs } from "./jobs.ts";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

type Threshold = Extract<JobSpecInput["task"], { type: "classification" }>["threshold"];
type Flip = (row: number) => boolean;

/** Noisy classes; `flip` gives a row the other one. */
const csvOf = (flip: Flip): string => {
  const rows = Array.from({ length: 300 }, (_, i) => {
    const x = Math.sin(i * 1.7);
    const isYes = x + 0.8 * Math.sin(i * 12.9) > 0.6;
    return `${x},${flip(i) === isYes ? "no" : "yes"}`;
  });
  return `x,y\n${rows.join("\n")}\n`;
};

const trained = async (threshold: Threshold, flip: Flip, input: Omit<JobSpecInput, "dataset" | "task">) => {
  const task = { type: "classification" as const, label: "y", ...(threshold === undefined ? {} : { threshold }) };
  const run = await jobs.train(csvOf(flip), { task, ...input });
  const { model, report, predict } = await jobs.modelOf(run);
  const { label } = model.preprocessing;
  if (label.type !== "classes") throw new Error(label.type);
  return { run, model, report: report as ClassificationReport, predict, chosen: label.threshold };
};

/** Which rows of the file validate and test. */
const splitPlaces = async ({ spec, dataset }: Awaited<ReturnType<typeof jobs.train>>) => {
  const places = { train: new Set<number>(), validation: new Set<number>(), test: new Set<number>() };
  const open = () => Readable.from([Buffer.from(csvOf(never))]);
  const reader = createLabelReader(spec, dataset);
  await visitSplitRows(spec, dataset, open, reader, (_record, split, _label, place) => void places[split].add(place));
  return places;
};

const never: Flip = () => false;
const logistic = {
  model: { type: "logistic" as const },
  training: { split: { validation: 0.3, test: 0.3, stratify: false } },
};
const dear = { costs: { falsePositive: 1, falseNegative: 5 } };

test("a number is kept with the model, and labels of predictions and of the report go by it; the weights do not", async () => {
  const plain = await trained(undefined, never, logistic);
  expect(plain.chosen).toBeUndefined();
  expect(plain.report.threshold).toBeNull();
  const own = await trained(0.2, never, logistic);
  expect(own.chosen).toBe(0.2);
  expect(own.model.digest).toBe(plain.model.digest);
  const rows = Array.from({ length: 41 }, (_, i) => ({ x: i / 20 - 1 }));
  for (const { predictions } of [own.predict(...rows)])
    for (const prediction of predictions) {
      if (!("label" in prediction)) throw new Error("a class was expected");
      expect(prediction.label).toBe(prediction.probabilities!.yes! >= 0.2 ? "yes" : "no");
    }
  const labels = (from: typeof own): unknown[] =>
    from.predict(...rows).predictions.map((each) => "label" in each && each.label);
  expect(labels(own)).not.toEqual(labels(plain));
  // The report counts what the operating curve counts at the last threshold above it.
  const { points } = own.report.operating!;
  const at = points.findLast(({ threshold }) => threshold >= 0.2)!;
  expect(own.report.threshold).toBe(0.2);
  expect(own.report.confusion).toEqual([
    [at.trueNegatives, at.falsePositives],
    [at.falseNegatives, at.truePositives],
  ]);
  expect(plain.report.confusion).not.toEqual(own.report.confusion);
});

test("one that is chosen depends on the validation rows, and never on the test rows", async () => {
  const before = await trained(dear, never, logistic);
  // Without strata a row's split follows from its number alone.
  const places = await splitPlaces(before.run);
  const tested = await trained(dear, (row) => places.test.has(row), logistic);
  expect(tested.model.digest).toBe(before.model.digest);
  expect(tested.report.confusion).not.toEqual(before.report.confusion);
  expect(tested.chosen).toBe(before.chosen);
  const validated = await trained(dear, (row) => places.validation.has(row), logistic);
  expect(validated.model.digest).toBe(before.model.digest);
  expect(validated.chosen).not.toBe(before.chosen);
});

test("networks choose as well; where the validation rows are of one class, the report says that none was chosen", async () => {
  const mlp = { model: { type: "mlp" as const, hidden: [4] }, training: { epochs: 3 } };
  const { run, chosen, report } = await trained({ metric: "f1" }, never, mlp);
  // Left out, there are validation rows.
  expect(run.spec.training.split.validation).toBe(0.2);
  expect(chosen).toBeGreaterThan(0);
  expect(chosen).toBeLessThan(1);
  expect(report.threshold).toBe(chosen);
  const isYes = csvOf(never)
    .split("\n")
    .slice(1)
    .map((line) => line.endsWith("yes"));
  const split = { validation: 0.2, test: 0.2, stratify: false };
  const unstratified = await trained({ metric: "f1" }, never, { ...mlp, training: { epochs: 3, split } });
  const { validation } = await splitPlaces(unstratified.run);
  expect(validation.size).toBe(60);
  const none = await trained({ metric: "f1" }, (row) => validation.has(row) && isYes[row] === true, {
    ...mlp,
    training: { epochs: 3, split },
  });
  expect(none.chosen).toBeUndefined();
  expect(none.report.notes).toMatchObject([{ code: "no_threshold" }]);
});
