import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import { modelOf, nodeOf, portOf, tensorOf } from "../../formats/onnx/tiny-network.ts";
import { createJobs } from "./jobs.ts";

/** y = relu(x·W + b)·V + c of three numbers. */
const perceptron = (outputs: number): Uint8Array =>
  modelOf({
    inputs: [portOf("x", ["batch", 3])],
    outputs: [portOf("y", ["batch", outputs])],
    nodes: [
      nodeOf("Gemm", ["x", "hidden.weight", "hidden.bias"], "h"),
      nodeOf("Relu", ["h"], "r"),
      nodeOf("Gemm", ["r", "last.weight", "last.bias"], "y"),
    ],
    initializers: [
      tensorOf("hidden.weight", [3, 4], [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1]),
      tensorOf("hidden.bias", [4], [0.1, 0.1, 0.1, 0.1]),
      tensorOf(
        "last.weight",
        [4, outputs],
        new Array(4 * outputs).fill(0).map((_, i) => ((i * 7) % 5) / 5),
      ),
      tensorOf("last.bias", [outputs], new Array(outputs).fill(0)),
    ],
  });

const rows = Array.from({ length: 60 }, (_, i) => [i % 7, (i * 3) % 5, (i * 5) % 11] as const);
const csv = `a,b,c,y,kind\n${rows.map(([a, b, c]) => `${a},${b},${c},${2 * a - b + c / 2},${a > b ? "more" : "less"}`).join("\n")}\n`;

describe("an imported network on a table", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  let one: ImportedModel;
  beforeAll(async () => {
    jobs = await createJobs();
    one = await jobs.importModel(perceptron(1));
  });
  afterAll(() => jobs.close());

  const features = ["a", "b", "c"];
  const training = { epochs: 60, batchSize: 8 };

  test("takes the columns as they are, and learns on what it gave", async () => {
    const run = await jobs.train(
      csv,
      {
        ...{ task: { type: "regression", label: "y", features }, base: { model: one.id } },
        ...{ training: { epochs: 200, batchSize: 8, l2: 0 }, optimizer: { type: "adam", learningRate: 0.02 } },
      },
      {},
      one,
    );
    const { model, values } = await jobs.modelOf(run);
    expect(model.preprocessing).toMatchObject({
      features: features.map((column) => ({ type: "number", column, mean: 0, scale: 1 })),
      label: { type: "number", mean: 0, scale: 1 },
    });
    expect(model.metrics.testR2).toBeGreaterThan(0.9);
    expect(values({ a: 3, b: 1, c: 4 })[0]).toBeCloseTo(7, 0);
  });

  test("takes a new head, for classes or for numbers", async () => {
    const classes = await jobs.train(
      csv,
      { task: { type: "classification", label: "kind", features }, training, base: { model: one.id, newHead: true } },
      {},
      one,
    );
    const { model, report } = await jobs.modelOf(classes);
    expect(model.preprocessing.outputs).toBe(2);
    expect(report.task).toBe("classification");
    expect(model.metrics.testAccuracy).toBeGreaterThan(0.8);
  });

  test.each([
    ["too few columns", { type: "regression", label: "y", features: ["a", "b"] }, "/task/features"],
    ["text among them", { type: "regression", label: "y", features: ["a", "b", "kind"] }, "/task/features/2"],
  ] as const)("refuses %s", async (_, task, pointer) => {
    const spec = { task: { ...task, features: [...task.features] }, training, base: { model: one.id } };
    await expect(jobs.train(csv, spec, {}, one)).rejects.toMatchObject({ errors: [{ pointer }] });
  });
});
