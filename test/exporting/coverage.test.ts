import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Row } from "../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { decodeMessage } from "../../src/formats/onnx/wire/message-codec.ts";
import { ModelTable } from "../../src/formats/onnx/wire/schema.ts";
import { withCoverage } from "../../src/stats/conformal/with-coverage.ts";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { createJobs } from "../workers/training/jobs.ts";
import { bytesOf, runOnnx } from "./runtime.ts";
import { feedsOf } from "./trained.ts";

const python = "/usr/bin/python3";
const read = (name: string): string => readFileSync(new URL(`../data/${name}`, import.meta.url), "utf8");
const lines = /## Where the model is served elsewhere\n[\s\S]*?\n((?: {4}.*\n|\n)+)/
  .exec(readFileSync(new URL("../../src/web/docs/coverage.md", import.meta.url), "utf8"))![1]!
  .replaceAll(/^ {4}/gm, "");

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs.close());

/** What an expression says behind the documented lines, of `c` and `said`. */
const runLines = (expression: string, conformal: unknown, said: unknown) => {
  const program = `${lines}\nimport sys\nc, said = json.load(sys.stdin)\nprint(json.dumps(${expression}))`;
  return JSON.parse(execFileSync(python, ["-c", program], { input: JSON.stringify([conformal, said]) }).toString());
};

const exported = async (csv: string, input: Omit<JobSpecInput, "dataset">) => {
  const { model, report, predict } = await jobs.modelOf(await jobs.train(csv, input));
  const file = bytesOf(await exportStored(jobs.artifacts, "default", model, { preprocessing: true }));
  const { metadata } = decodeMessage(file, ModelTable) as { metadata: { key: string; value: string }[] };
  const text = metadata.find(({ key }) => key === "descent.conformal")?.value;
  return { model, report, predict, file, conformal: text === undefined ? null : JSON.parse(text) };
};

const species = { type: "classification", label: "species" } as const;
const progression = { type: "regression", label: "progression" } as const;
const flowers: Row[] = [
  { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 },
  { sepal_length: 6, sepal_width: 2.7, petal_length: 5, petal_width: 1.7 },
];
const patients: Row[] = [
  { bmi: 0.06, bp: 0.02 },
  { bmi: -0.05, bp: -0.02 },
  { bmi: 0.3, bp: 0.1 },
];
const features = ["bmi", "bp"];

describe.runIf(existsSync(python))(
  "the documented lines, on an ONNX file's metadata and onnxruntime's answers, promise what the service does",
  () => {
    test.for<[string, string, Omit<JobSpecInput, "dataset">, Row[], string]>([
      [
        "intervals",
        "diabetes.csv",
        { task: { ...progression, features }, model: { type: "linear" } },
        patients,
        "[interval(c, v, 0.8) for v in said['value']]",
      ],
      [
        "quantile_intervals",
        "diabetes.csv",
        {
          task: { ...progression, features },
          model: { type: "quantile" },
          loss: { type: "pinball", quantile: 0.5, interval: 0.8 },
        },
        patients,
        "[between(c, l, u, 0.8) for l, u in zip(said['lower'], said['upper'])]",
      ],
      [
        "sets",
        "iris.csv",
        { task: species, model: { type: "softmax" }, training: { l2: 0.01 } },
        flowers,
        "[classes(c, l, said['probabilities'][3 * i:3 * i + 3], 0.8) for i, l in enumerate(said['label'])]",
      ],
    ])("%s", async ([type, data, input, rows, expression]) => {
      const { model, report, predict, file, conformal } = await exported(read(data), input);
      if (report.task !== "classification" && report.task !== "regression") throw new Error(report.task);
      expect(conformal).toEqual({ guaranteed: true, ...report.conformal });
      expect(conformal.type).toBe(type);
      const said = await runOnnx(file, feedsOf(model, rows));
      const answers = Object.fromEntries(Object.entries(said).map(([name, { data: values }]) => [name, values]));
      const found = runLines(expression, conformal, answers);
      const request = { coverage: 0.8, coverageMethod: "adaptive", emptySets: false } as const;
      const { predictions } = withCoverage(predict(...rows).predictions, report.conformal!, request);
      for (const [i, own] of predictions.entries()) {
        if ("set" in own) expect([...found[i]].sort()).toEqual([...own.set!].sort());
        else if ("interval" in own) {
          expect(found[i][0]).toBeCloseTo(own.interval!.lower, 2);
          expect(found[i][1]).toBeCloseTo(own.interval!.upper, 2);
        } else throw new Error("neither a set nor an interval");
      }
    });

    test("a probability that is at its bound up to the rounding of float32 has its class in the set, one below it has not", () => {
      // Served, 1 − p was 0.94685955; the file's own is beyond the bound.
      const scores = Array.from({ length: 19 }, (_, i) => (i < 18 ? i / 100 : 0.94685956));
      const classes = ["a", "b", "c"].map((label) => ({ label, scores }));
      const probabilities = [1 - 0.9468596, 1 - 0.94688, 1 - 0.9468].map(Math.fround);
      expect(runLines("classes(c, 'c', said, 0.95)", { classes }, probabilities)).toEqual(["a", "c"]);
    });
  },
);

test("scores of other models than the file's are not in it, and those of dependent rows promise nothing", async () => {
  const csv = read("diabetes.csv");
  const linear = { task: { ...progression, features }, model: { type: "linear" } } as const;
  const folds = await exported(csv, { ...linear, training: { crossValidation: { folds: 3, model: "folds" } } });
  expect(folds.conformal).toBeNull();
  const { conformal } = await exported(csv, { ...linear, training: { split: { by: "age" } } });
  expect(conformal).toMatchObject({ type: "intervals", guaranteed: false });
});
