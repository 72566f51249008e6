import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { createJobs } from "./jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;

const iris = readFileSync(new URL("../../data/iris.csv", import.meta.url), "utf8").trimEnd();
const rowsOfFile = iris
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));
const species = { type: "classification", label: "species" } as const;
const width = { type: "regression", label: "petal_width" } as const;

describe("predictions for rows that were held out", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());

  /** A job's file: its header and cells by line, and the report beside it. */
  const heldOut = async (input: Input) => {
    const run = await jobs.train(iris, input);
    const { model, report, predict } = await jobs.modelOf(run);
    const bytes = await jobs.artifacts.readBytes(artifactKeys.heldOut("default", model.id, model.digest.slice(7)));
    expect(model.files?.heldOut?.bytes).toBe(bytes.length);
    const [header, ...lines] = Buffer.from(bytes).toString().trimEnd().split("\n");
    return { header, lines: lines.map((line) => line.split(",")), report, predict };
  };
  const cellsOf = (row: string) => {
    const [length, breadth, petal, petalWidth, name] = rowsOfFile[Number(row)]!;
    return {
      sepal_length: Number(length),
      sepal_width: Number(breadth),
      petal_length: Number(petal),
      petal_width: Number(petalWidth),
      species: name!,
    };
  };

  const models: Record<string, Input["model"]> = {
    "of a network": { type: "mlp", hidden: [4] },
    "of a solved model": { type: "softmax" },
  };
  for (const [name, model] of Object.entries(models))
    test(`${name} are what it answers, for the rows of its report`, async () => {
      const { header, lines, report, predict } = await heldOut({ task: species, model });
      expect(header).toBe("row,truth,prediction,probabilities.setosa,probabilities.versicolor,probabilities.virginica");
      expect(lines).toHaveLength(report.rows);
      const right = lines.filter(([, truth, prediction]) => truth === prediction).length;
      expect("accuracy" in report && report.accuracy.value).toBeCloseTo(right / lines.length, 12);
      for (const [row, truth, prediction, ...chances] of lines) {
        const { species: own, ...cells } = cellsOf(row!);
        expect(truth).toBe(own);
        const [answer] = predict(cells).predictions;
        expect(answer).toMatchObject({ label: prediction });
        const probabilities = "probabilities" in answer! ? Object.values(answer.probabilities ?? {}) : [];
        for (const [k, chance] of chances.entries()) expect(Number(chance)).toBeCloseTo(probabilities[k] as number, 5);
      }
    });

  test("of numbers are in the label's units, of the validation rows where there is no test", async () => {
    const training = { split: { test: 0, validation: 0.2 } };
    const { header, lines, predict } = await heldOut({ task: width, model: { type: "linear" }, training });
    expect(header).toBe("row,truth,prediction");
    expect(lines).toHaveLength(30);
    for (const [row, truth, prediction] of lines) {
      const { petal_width: own, ...cells } = cellsOf(row!);
      expect(Number(truth)).toBeCloseTo(own, 12);
      const [answer] = predict(cells).predictions;
      expect("value" in answer! && answer.value).toBeCloseTo(Number(prediction), 5);
    }
  });

  test("of a cross-validation are of every row in each repeat, by the model of its fold", async () => {
    const training = { crossValidation: { folds: 3, repeats: 2 } };
    const { header, lines, report } = await heldOut({ task: width, model: { type: "linear" }, training });
    expect(header).toBe("row,repeat,fold,truth,prediction");
    for (const repeat of ["1", "2"]) {
      const rows = lines.filter((line) => line[1] === repeat).map(([row]) => Number(row));
      expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => i));
    }
    expect(new Set(lines.map((line) => line[2]))).toEqual(new Set(["1", "2", "3"]));
    const squares = lines.map(([, , , truth, prediction]) => (Number(truth) - Number(prediction)) ** 2);
    const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
    expect("rootMeanSquaredError" in report && report.rootMeanSquaredError.value).toBeCloseTo(Math.sqrt(mean), 9);
  });

  const small: Input["model"] = { type: "mlp", hidden: [3] };
  test.each<[string, Input["training"]]>([
    ["a test split", { epochs: 3 }],
    ["folds", { epochs: 3, crossValidation: { folds: 2 } }],
  ])(
    "have the truth as it stands in the file, although networks learn it in single precision: %s",
    async (_, training) => {
      const { lines, header } = await heldOut({ task: width, model: small, training: training! });
      const at = header!.split(",").indexOf("truth");
      for (const line of lines) expect(line[at]).toBe(String(cellsOf(line[0]!).petal_width));
    },
  );

  test("a fold of which no row counts is named, and the remedy", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 7},${(i * 5) % 11},g${i % 4},${i % 4 === 2 ? 0 : 1}`);
    const input: Input = {
      task: { type: "regression", label: "y", weight: "w" },
      ...{ model: { type: "linear" }, training: { crossValidation: { folds: 4, by: "g" } } },
    };
    const { end } = await jobs.train(["x,y,g,w", ...rows].join("\n"), input);
    expect(end).toMatchObject({ type: "failed", error: { code: "data" } });
    const { message } = (end as Extract<typeof end, { type: "failed" }>).error;
    expect(message).toMatch(
      /each of the 10 rows of the fold [1-4] of the cross-validation has the weight 0 in "w".*larger groups/,
    );
  });

  test("are not kept where nothing was held out", async () => {
    const run = await jobs.train(iris, { task: species, model: { type: "softmax" }, training: { split: { test: 0 } } });
    const { model } = await jobs.modelOf(run);
    expect(model.files?.heldOut).toBeUndefined();
  });
});
