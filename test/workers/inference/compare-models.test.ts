import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { createId } from "../../../src/domain/ids.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import type { CompareQuestion } from "../../../src/usecases/deps.ts";
import { measuredOn } from "../../../src/usecases/models/card/card-report.ts";
import { compareModels } from "../../../workers/inference/comparing/compare-models.ts";
import { loadModel } from "../../../workers/inference/load-model.ts";
import { datasetOf } from "../../data/csv-fixtures.ts";
import { createJobs } from "../training/jobs.ts";

const tenant = "default";
const read = (name: string): string => readFileSync(new URL(`../../data/${name}`, import.meta.url), "utf8");

let jobs: Awaited<ReturnType<typeof createJobs>>;
let kernels: { module: WebAssembly.Module; native: null };
beforeAll(async () => {
  jobs = await createJobs();
  kernels = { module: await compileKernels(), native: null };
});
afterAll(() => jobs?.close());

const store = async (csv: string): Promise<Dataset> => {
  const id = createId("ds", Date.now());
  const open = () => Readable.from([Buffer.from(csv)]);
  const { bytes, sha256 } = await jobs.artifacts.write(artifactKeys.datasetFile(tenant, id), open());
  return { ...(await datasetOf(open, "data", {})), id, bytes, sha256 };
};
const compare = (models: Model[], dataset: Dataset, heldOut: CompareQuestion["heldOut"] = null) =>
  compareModels(
    jobs.artifacts,
    {
      ...{ tenant, models, dataset, heldOut },
      trainedOnIt: models.filter((m) => m.dataset === dataset.id).map(({ id }) => id),
    },
    async (model) => (await loadModel(jobs.artifacts, kernels, tenant, model)).value,
  );

test("models are asked about the same rows, and what is compared is what they predict", async () => {
  const [header, ...rows] = read("iris.csv").trim().split("\n");
  const table = (some: string[]): string => `${[header, ...some].join("\n")}\n`;
  const task = { type: "classification", label: "species" } as const;
  const training = { split: { validation: 0, test: 0 }, l2: 0.01 };
  const seen = table(rows.filter((_, i) => i % 2 === 0));
  const softmax = await jobs.modelOf(await jobs.train(seen, { task, model: { type: "softmax" }, training }));
  const blind = await jobs.modelOf(
    await jobs.train(seen, { task: { ...task, features: ["sepal_width"] }, model: { type: "softmax" }, training }),
  );
  const fresh = rows.filter((_, i) => i % 2 === 1);
  const cells = (row: string) => Object.fromEntries(header!.split(",").map((name, i) => [name, row.split(",")[i]!]));
  const dataset = await store(table([...fresh, "5,3,1,0.2,", "5,3,1,0.2,tulip"]));
  const found = await compare([blind.model, softmax.model], dataset);
  expect(found).toMatchObject({ task: "classification", measure: "log_likelihood", label: "species", rows: 75 });
  expect(found.leftOut).toEqual({ learnt: 0, unlabelled: 1, unknown: 1, weightless: 0 });
  expect(found.models.map(({ model, trainedOnIt }) => [model, trainedOnIt])).toEqual([
    [softmax.model.id, false],
    [blind.model.id, false],
  ]);
  const logs = ({ predict }: typeof softmax): number[] =>
    fresh.map((row) => {
      const { species, ...given } = cells(row);
      const numbers = Object.fromEntries(Object.entries(given).map(([name, cell]) => [name, Number(cell)]));
      const [answer] = predict(numbers).predictions;
      return Math.log((answer as { probabilities: Record<string, number> }).probabilities[species!]!);
    });
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [own, other] = [logs(softmax), logs(blind)];
  expect(found.models[0]!.measure.value).toBeCloseTo(mean(own), 10);
  expect(found.differences).toHaveLength(1);
  expect(found.differences[0]!.difference.value).toBeCloseTo(mean(own.map((value, i) => value - other[i]!)), 10);
  expect(found).toMatchObject({ groups: [[softmax.model.id], [blind.model.id]], notes: [] });
  expect(found.models[0]!.calibration!.reduce((sum, { rows: count }) => sum + count, 0)).toBe(75);
});

test("of numbers squared errors are compared, of many rows some, and a model that learnt from them is named", async () => {
  const csv = read("diabetes.csv");
  const run = await jobs.train(csv, {
    task: { type: "regression", label: "progression" },
    model: { type: "linear" },
    training: { split: { validation: 0, test: 0 } },
  });
  const { model, report } = await jobs.modelOf(run);
  const [header, ...rows] = csv.trim().split("\n");
  const [again, many] = await Promise.all([
    store(csv),
    store(
      `${header}\n${Array.from({ length: 24 }, () => rows)
        .flat()
        .join("\n")}\n`,
    ),
  ]);
  const evaluated = await compare([{ ...model, dataset: again.id }], again);
  expect(evaluated).toMatchObject({ rows: 442, differences: [], groups: [[model.id]] });
  if (report.task !== "regression") throw new Error(report.task);
  expect(evaluated.models[0]!.r2!.value).toBeCloseTo(report.r2!.value, 5);
  expect(evaluated.models[0]!.measure.value).toBeCloseTo(-(report.rootMeanSquaredError.value ** 2), 1);
  expect(evaluated.notes).toMatchObject([{ code: "trained_on_it", message: expect.stringContaining(model.id) }]);
  const part = await compare([model], many);
  expect(part).toMatchObject({ rows: 10_000, notes: [{ code: "some_rows" }] });
});

test("a row that a model cannot be asked about is named as the file's, not as one of a request", async () => {
  const task = { type: "regression", label: "y", exposure: "e" } as const;
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 5},${1 + (i % 3)},${(i * 7) % 4}`);
  const { model } = await jobs.modelOf(
    await jobs.train(["x,e,y", ...rows].join("\n"), { task, model: { type: "poisson" } }),
  );
  // The first row has no label and is left out: the fault is in the fourth line all the same.
  const dataset = await store(["x,e,y", "1,1,", "2,1,3", "3,0,2", "4,2,1"].join("\n"));
  await expect(compare([model], dataset)).rejects.toMatchObject({
    errors: [
      {
        pointer: "/dataset",
        detail: expect.stringMatching(/^line 4 of the file, column "e": must be a number above 0/),
      },
    ],
  });
});

test("rows count by the models' weights where the data set has them, and a note says where they do not", async () => {
  const train = Array.from({ length: 60 }, (_, i) => `${i % 5},${((i * 7) % 11) - (i % 5)},${1 + (i % 3)}`);
  const csv = ["x,y,w", ...train].join("\n");
  const spec = { model: { type: "linear" } } as const;
  const weighted = await jobs.modelOf(
    await jobs.train(csv, { ...spec, task: { type: "regression", label: "y", weight: "w" } }),
  );
  const plain = await jobs.modelOf(
    await jobs.train(csv, { ...spec, task: { type: "regression", label: "y", exclude: ["w"] } }),
  );
  const dataset = await store(["x,y,w", "0,4,1", "1,2,3", "2,5,0", "3,-1,2"].join("\n"));
  const found = await compare([weighted.model], dataset);
  expect(found).toMatchObject({ weight: "w", rows: 3, leftOut: { weightless: 1, unlabelled: 0 }, notes: [] });
  const [at0, at1, at3] = weighted.values({ x: 0 }, { x: 1 }, { x: 3 });
  const mean = -(1 * (4 - at0!) ** 2 + 3 * (2 - at1!) ** 2 + 2 * (-1 - at3!) ** 2) / 6;
  expect(found.models[0]!.measure.value).toBeCloseTo(mean, 9);
  expect(found.models[0]!.rootMeanSquaredError!.value).toBeCloseTo(Math.sqrt(-mean), 9);
  const without = await compare([weighted.model], await store(["x,y", "0,4", "1,2"].join("\n")));
  expect(without).toMatchObject({ weight: null, rows: 2, notes: [{ code: "unweighted" }] });
  expect(without.notes[0]!.message).toMatch(/by "w", which the data set has not/);
  const mixed = await compare([weighted.model, plain.model], dataset);
  expect(mixed).toMatchObject({ weight: null, rows: 4, notes: [{ code: "unweighted" }] });
});

test("of counts of unknown dispersion the deviance is compared, with θ as the report has it", async () => {
  const rows = Array.from({ length: 90 }, (_, i) => {
    const x = (i * 7) % 10;
    return `${x},${(i * i * 5) % (3 + 2 * x)}`;
  });
  const csv = `x,events\n${rows.join("\n")}\n`;
  const task = { type: "regression", label: "events" } as const;
  const training = { split: { validation: 0, test: 0 } };
  const run = await jobs.train(csv, { task, model: { type: "negative_binomial" }, training });
  const { model, report } = await jobs.modelOf(run);
  const theta = report.task === "regression" ? report.inference?.shape?.estimate : null;
  const found = await compare([model], await store(csv));
  expect(found).toMatchObject({ measure: "negative_binomial_deviance", rows: 90 });
  if (report.task !== "regression" || theta == null) throw new Error("a dispersion is wanted");
  // The deviance that the fit itself reports is the sum of the rows'.
  expect(-90 * found.models[0]!.measure.value).toBeCloseTo(report.trainingFit!.deviance, 3);
  expect(found.models[0]!.measure.upper).toBeLessThanOrEqual(0);
});

test("with rows held out models are compared on what none of them has learnt from, by what they said of it then", async () => {
  const csv = read("diabetes.csv");
  const task = { type: "regression", label: "progression" } as const;
  const solved = (training: object, features: object = {}) =>
    jobs.train(csv, { task: { ...task, ...features }, model: { type: "linear" }, training });
  const first = await jobs.modelOf(await solved({ seed: 1 }));
  const other = await jobs.modelOf(await solved({ seed: 2 }, { features: ["bmi", "bp"] }));
  const folds = await jobs.modelOf(await solved({ crossValidation: { folds: 4, repeats: 2 } }));
  const dataset = await store(csv);
  const own = (...models: Model[]) => models.map((model) => ({ learnt: [model], isOwn: true }));
  const squares = async (model: Model): Promise<Map<string, number>> =>
    new Map(
      (await jobs.heldOutOf(model))
        .filter(({ repeat }) => repeat === undefined || repeat === "1")
        .map(({ row, truth, prediction }) => [row!, (Number(truth) - Number(prediction)) ** 2]),
    );
  const [ofFirst, ofOther, ofFolds] = await Promise.all([first, other, folds].map(({ model }) => squares(model)));
  const both = [...ofFirst!.keys()].filter((row) => ofOther!.has(row));
  expect(both.length).toBeGreaterThan(5);
  const meanOf = (of: Map<string, number>, rows: readonly string[]) =>
    rows.reduce((sum, row) => sum + of.get(row)!, 0) / rows.length;

  const models = [first.model, other.model, folds.model];
  const found = await compare(models, dataset, own(...models));
  expect(found).toMatchObject({ heldOut: true, rows: both.length, leftOut: { learnt: 442 - both.length } });
  expect(found.notes.map(({ code }) => code)).toEqual(["held_out"]);
  expect(found.notes[0]!.message).toContain(`${folds.model.id}, of the folds' models`);
  const measured = new Map(found.models.map(({ model, measure }) => [model, measure]));
  // Whose rows were shared by folds' models makes no other pair less sure.
  const pair = await compare([first.model, other.model], dataset, own(first.model, other.model));
  const ofPair = (comparison: typeof pair) =>
    comparison.differences.find(({ model, other: less }) => ![model, less].includes(folds.model.id));
  expect(ofPair(found)).toEqual(ofPair(pair));
  for (const [i, of] of [ofFirst, ofOther, ofFolds].entries())
    expect(measured.get(models[i]!.id)!.value).toBeCloseTo(-meanOf(of!, both), 8);

  // One alone is measured as in its report; of folds all rows, with the report's intervals.
  const alone = await compare([first.model], dataset, own(first.model));
  if (first.report.task !== "regression" || folds.report.task !== "regression") throw new Error("no regression");
  expect(alone.models[0]!.r2!.value).toBeCloseTo(first.report.r2!.value, 9);
  expect(alone.models[0]!.r2!.lower).toBeCloseTo(first.report.r2!.lower!, 9);
  const outOfFold = await compare([folds.model], dataset, own(folds.model));
  expect(outOfFold.rows).toBe(442);
  const width = ({ lower, upper }: { lower: number | null; upper: number | null }) => upper! - lower!;
  // The report's is of two repeats, of which a comparison takes the first.
  expect(width(outOfFold.models[0]!.meanAbsoluteError!) / width(folds.report.meanAbsoluteError)).toBeCloseTo(1, 1);

  // A report says where the base has learnt from what tests the job; its page does not say that no training saw it.
  const network = { task, model: { type: "mlp" as const, hidden: [4] }, training: { epochs: 1, seed: 1 } };
  const base = await jobs.modelOf(await jobs.train(csv, network));
  for (const seenByBase of [true, false]) {
    const child = { task, base: { model: base.model.id }, training: { epochs: 1, seed: 2 } };
    const { report } = await jobs.modelOf(await jobs.trainOn(dataset, child, base.model, { seenByBase }));
    expect(report.notes.filter(({ code }) => code === "seen_by_base").map(({ message }) => message)).toEqual(
      seenByBase ? [expect.stringContaining(`${base.model.id}, from whose weights`)] : [],
    );
    expect(measuredOn(report).includes("which training did not see")).toBe(!seenByBase);
  }

  // Whoever started from a model that learnt here has seen its rows, and is asked about the others.
  const asked = await compare([first.model], dataset, [{ learnt: [other.model], isOwn: false }]);
  expect(asked).toMatchObject({ rows: ofOther!.size, notes: [] });

  const split = (test: string[]) => ({
    split: { column: "part", values: { train: ["a", "b"].filter((p) => !test.includes(p)), test } },
  });
  const halves = `x,y,part\n${Array.from({ length: 40 }, (_, i) => `${i % 9},${(i * 7) % 11},${i % 2 ? "a" : "b"}`).join("\n")}\n`;
  const halved = await Promise.all(
    [["a"], ["b"]].map(async (test) =>
      jobs.modelOf(
        await jobs.train(halves, {
          ...{ task: { type: "regression", label: "y", features: ["x"] }, model: { type: "linear" } },
          training: split(test),
        }),
      ),
    ),
  );
  const two = halved.map(({ model }) => model);
  await expect(compare(two, await store(halves), own(...two))).rejects.toMatchObject({
    errors: [{ pointer: "/rows", detail: expect.stringContaining("no row") }],
  });
});

test("rows of one group are one unit where the models were split by it", async () => {
  const rows = Array.from({ length: 240 }, (_, i) => {
    const group = Math.floor(i / 12);
    return `${i % 7},${(i % 7) + ((group * 13) % 11)},g${group}`;
  });
  const csv = `x,y,patient\n${rows.join("\n")}\n`;
  const task = { type: "regression" as const, label: "y", features: ["x"] };
  const { model, report } = await jobs.modelOf(
    await jobs.train(csv, { task, model: { type: "linear" }, training: { split: { by: "patient" } } }),
  );
  const dataset = await store(csv);
  const found = await compare([model], dataset, [{ learnt: [model], isOwn: true }]);
  expect(found).toMatchObject({ by: "patient", rows: report.rows });
  if (report.task !== "regression") throw new Error(report.task);
  expect(found.models[0]!.meanAbsoluteError!.lower).toBeCloseTo(report.meanAbsoluteError.lower!, 9);
  expect(found.models[0]!.meanAbsoluteError!.upper).toBeCloseTo(report.meanAbsoluteError.upper!, 9);
  // Of one patient nothing is known of how much patients differ, in a report as in a comparison.
  const few = `x,y,patient\n${rows.slice(0, 60).join("\n")}\n`;
  const split = { by: "patient", test: 0.2, validation: 0 };
  const linear = await jobs.modelOf(await jobs.train(few, { task, model: { type: "linear" }, training: { split } }));
  const penalised = { split, l2: 10 };
  const mean = await jobs.modelOf(await jobs.train(few, { task, model: { type: "linear" }, training: penalised }));
  expect(linear.report).toMatchObject({ rows: 12, meanAbsoluteError: { lower: null, upper: null } });
  expect(linear.report.notes.map(({ code }) => code)).toContain("one_group");
  expect(report.notes.map(({ code }) => code)).not.toContain("one_group");
  const both = [linear.model, mean.model];
  const own = both.map((one) => ({ learnt: [one], isOwn: true }));
  const ofOne = await compare(both, await store(few), own);
  expect(ofOne).toMatchObject({ rows: 12, differences: [{ difference: { lower: null }, tied: true }] });
  expect(ofOne.groups).toHaveLength(1);
  expect(ofOne.notes.map(({ code }) => code)).toContain("one_group");
  const without = await compare([model], await store("x,y\n1,2\n2,3\n3,5\n"));
  expect(without).toMatchObject({ by: null, notes: [{ code: "ungrouped" }] });
});
