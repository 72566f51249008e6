import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import type { Row } from "../../../src/domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Explanation } from "../../../src/domain/models/predictions/explanation.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import { explainRows, requireExplainable } from "../../../workers/inference/explain-rows.ts";
import { loadBackground } from "../../../workers/inference/load-background.ts";
import { loadModel } from "../../../workers/inference/load-model.ts";
import { createJobs } from "../training/jobs.ts";

const read = (name: string): string => readFileSync(new URL(`../../data/${name}.csv`, import.meta.url), "utf8");
const tenant = "default";

let jobs: Awaited<ReturnType<typeof createJobs>>;
beforeAll(async () => {
  jobs = await createJobs();
});
afterAll(() => jobs?.close());

const trained = async (csv: string, input: Omit<JobSpecInput, "dataset">) => {
  const run = await jobs.train(csv, input);
  const { model, report, predict } = await jobs.modelOf(run);
  requireExplainable(model);
  const { value: background } = await loadBackground(jobs.artifacts, tenant, model);
  const { value: answer } = await loadModel(
    jobs.artifacts,
    { module: await compileKernels(), native: null },
    tenant,
    model,
  );
  const explain = (...rows: Row[]): Explanation[] =>
    explainRows(model, background, encodeRows(model.preprocessing, rows).inputs, (inputs) =>
      answer({ inputs: [inputs], rows: inputs.length / model.preprocessing.inputs }),
    );
  return { model, report, predict, explain, background };
};

const sumOf = ({ contributions }: Explanation["answers"][number]): number =>
  contributions.reduce((sum, { value }) => sum + value, 0);

test("least squares are explained by coefficient · (x − mean of the training rows), in the label's units", async () => {
  const csv = read("diabetes");
  const { report, explain, predict } = await trained(csv, {
    task: { type: "regression", label: "progression" },
    model: { type: "linear" },
    training: { split: { validation: 0, test: 0 } },
  });
  const [header, ...lines] = csv.trim().split("\n");
  const names = header!.split(",");
  const cells = lines.map((line) => line.split(",").map(Number));
  const meanOf = (name: string): number =>
    cells.reduce((sum, row) => sum + row[names.indexOf(name)]!, 0) / cells.length;
  const row = Object.fromEntries(names.slice(0, 10).map((name, i) => [name, cells[7]![i]!]));
  const [explanation] = explain(row);
  expect(explanation).toMatchObject({ method: "linear", scale: "value", rows: 442 });
  const [answer] = explanation!.answers;
  expect(answer!.class).toBeNull();
  expect(answer!.base).toBeCloseTo(meanOf("progression"), 3);
  if (report.task !== "regression") throw new Error(report.task);
  for (const { column, value, standardError } of answer!.contributions) {
    const { estimate } = report.coefficients!.find(({ term }) => term === column)!;
    expect(value).toBeCloseTo(estimate! * (row[column]! - meanOf(column)), 3);
    expect(standardError).toBeNull();
  }
  const [predicted] = predict(row).predictions;
  expect(answer!.answer).toBeCloseTo((predicted as { value: number }).value, 3);
  expect(answer!.base + sumOf(answer!)).toBeCloseTo(answer!.answer, 9);
});

test("of two classes the log odds are explained, of more the log of the share, of counts the log of the rate", async () => {
  const rows = Array.from({ length: 120 }, (_, i) => {
    const x = Math.sin(i);
    const kind = ["p", "q", "r"][i % 3]!;
    const count = Math.round(Math.exp(1 + x + (i % 3) / 3) + (i % 2));
    return [
      x,
      kind,
      ["u", "v", "w"][(i * 7 + (x > 0 ? 1 : 0)) % 3],
      i % 5 > 1 === x > -0.3 ? "no" : "yes",
      count,
    ].join();
  });
  const csv = `x,kind,three,two,count\n${rows.join("\n")}\n`;
  const row = { x: 0.4, kind: "q" };
  const features = ["x", "kind"];
  const split = { validation: 0, test: 0 };
  const two = await trained(csv, {
    ...{ task: { type: "classification", label: "two", features }, model: { type: "logistic" }, training: { split } },
  });
  const logOdds = two.explain(row)[0]!;
  const chances = (two.predict(row).predictions[0] as { probabilities: Record<string, number> }).probabilities;
  expect(logOdds).toMatchObject({ method: "linear", scale: "log_odds", answers: [{ class: "yes" }] });
  expect(logOdds.answers[0]!.answer).toBeCloseTo(Math.log(chances.yes! / chances.no!), 4);
  expect(logOdds.answers[0]!.contributions.map(({ column }) => column)).toEqual(features);

  const three = await trained(csv, {
    ...{ task: { type: "classification", label: "three", features }, model: { type: "softmax" }, training: { split } },
  });
  const shares = three.explain(row)[0]!;
  const logs = Object.entries(
    (three.predict(row).predictions[0] as { probabilities: Record<string, number> }).probabilities,
  ).map(([label, p]) => ({ label, log: Math.log(p) }));
  const mean = logs.reduce((sum, { log }) => sum + log / 3, 0);
  expect(shares.scale).toBe("log_share");
  expect(shares.answers.map(({ class: name }) => name)).toEqual(
    logs.toSorted((a, b) => b.log - a.log).map(({ label }) => label),
  );
  for (const answer of shares.answers) {
    expect(answer.answer).toBeCloseTo(logs.find(({ label }) => label === answer.class)!.log - mean, 4);
    expect(answer.base + sumOf(answer)).toBeCloseTo(answer.answer, 9);
  }

  const counts = await trained(csv, {
    ...{ task: { type: "regression", label: "count", features }, model: { type: "poisson" }, training: { split } },
  });
  const rate = counts.explain(row)[0]!;
  expect(rate.scale).toBe("log_rate");
  const { value } = counts.predict(row).predictions[0] as { value: number };
  expect(rate.answers[0]!.answer).toBeCloseTo(Math.log(value), 4);
});

test("a network's answers are explained by Shapley values, by the data's columns, the same each time", async () => {
  const rows = Array.from({ length: 200 }, (_, i) => {
    const [x, z] = [Math.sin(i), Math.cos(3 * i)];
    return [i % 9 === 0 ? "" : x, z, ["red", "green"][i % 2], x > 0 === (i % 2 === 0) ? "yes" : "no"].join();
  });
  const asked: Omit<JobSpecInput, "dataset"> = {
    task: { type: "classification", label: "y" },
    model: { type: "mlp", hidden: [8] },
    training: { epochs: 30 },
  };
  const csv = `x,z,colour,y\n${rows.join("\n")}\n`;
  const { explain, predict, background } = await trained(csv, asked);
  expect(background.rows.length / 5).toBe(100);
  const questions: Row[] = [
    { x: 0.9, z: 0, colour: "red" },
    { x: null, z: 0.2, colour: "green" },
  ];
  const explanations = explain(...questions);
  for (const [i, { method, scale, rows: count, answers }] of explanations.entries()) {
    expect({ method, scale, count }).toEqual({ method: "shapley", scale: "probability", count: 100 });
    const { probabilities } = predict(questions[i]!).predictions[0] as { probabilities: Record<string, number> };
    expect(answers.map((answer) => answer.class)).toEqual(["yes"]);
    expect(answers[0]!.answer).toBe(probabilities.yes);
    expect(answers[0]!.contributions.map(({ column }) => column)).toEqual(["x", "z", "colour"]);
    expect(answers[0]!.base + sumOf(answers[0]!)).toBeCloseTo(answers[0]!.answer, 9);
    for (const { standardError } of answers[0]!.contributions) expect(standardError).toBeGreaterThanOrEqual(0);
  }
  expect(explain(...questions)).toEqual(explanations);
  // Whoever comes with it: the row by itself has the same.
  expect(explain(questions[1]!)).toEqual([explanations[1]]);
  const again = await trained(csv, asked);
  expect(again.background).toEqual(background);
  expect(again.explain(...questions)).toEqual(explanations);
});

test("what cannot be explained is refused, with the reason and what to do instead", async () => {
  const { model, explain } = await trained(read("iris"), {
    task: { type: "classification", label: "species" },
    training: { epochs: 1 },
  });
  const many = Array.from({ length: 10_000 }, () => ({ sepal_length: 5 }));
  expect(() => explain(...many)).toThrow(
    /explaining 10000 rows of this model at once would take too long; send at most \d+/,
  );
  const { background: _, ...files } = model.files!;
  expect(() => requireExplainable({ ...model, files })).toThrow(/keeps no training rows .* train it again/);
  const clusters = await jobs.modelOf(
    await jobs.train(read("iris"), {
      task: { type: "clustering", exclude: ["species"] } as never,
      model: { type: "k_means" },
    }),
  );
  expect(() => requireExplainable(clusters.model)).toThrow("only answers of classifications and regressions");
});
