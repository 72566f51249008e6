import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import type { Comparison } from "../../src/domain/models/comparison.ts";
import type { Explanation } from "../../src/domain/models/predictions/explanation.ts";
import type {
  ClassificationReport,
  ClusteringReport,
  ReconstructionReport,
  RegressionReport,
  Report,
} from "../../src/domain/models/report.ts";
import { createGrpcClient } from "./grpc-client.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

describe("every model comes with a report", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  const datasets = new Map<string, string>();

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
    for (const name of ["iris", "breast_cancer", "diabetes"])
      datasets.set(name, (await client.upload(name, await dataFile(name))).id);
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const train = async (file: string, spec: Omit<JobSpecInput, "dataset">) => {
    const job = await client.untilDone((await client.submit({ dataset: datasets.get(file)!, ...spec })).id);
    expect(job).toMatchObject({ state: "succeeded" });
    return { job, report: await client.report(job.model ?? "") };
  };
  const taskOf = <R extends Report>(report: Report, task: R["task"]): R => {
    if (report.task !== task) throw new Error(`the report is of ${report.task}`);
    return report as R;
  };

  test("a classifier's agrees with the job's own metrics, over both surfaces", async () => {
    const { job, report } = await train("iris", { task: { type: "classification", label: "species" } });
    const told = taskOf<ClassificationReport>(report, "classification");
    expect(told).toMatchObject({ split: "test", rows: 30, distribution: "categorical", areaUnderRoc: null });
    expect(told.accuracy.value).toBeCloseTo(job.metrics.testAccuracy ?? -1, 12);
    expect(told.accuracy.lower).toBeLessThan(told.accuracy.value);
    expect(told.logLikelihood?.value).toBeCloseTo(-(job.metrics.testLoss ?? 0), 5);
    expect(told.confusion?.flat().reduce((sum, count) => sum + count)).toBe(30);
    const grpc = createGrpcClient(service.grpc);
    expect(await grpc.report(job.model ?? "")).toEqual(report);
    grpc.close();
  });

  test("a prediction with a promised coverage has sets or intervals, over both surfaces", async () => {
    const { job, report } = await train("diabetes", {
      task: { type: "regression", label: "progression", features: ["bmi", "bp"] },
      model: { type: "linear" },
    });
    const { conformal } = taskOf<RegressionReport>(report, "regression");
    expect(conformal).toMatchObject({ type: "intervals", rows: 88, least: null });
    const rows = [
      { bmi: 20, bp: 90 },
      { bmi: 38, bp: 110 },
    ];
    const answer = await client.predict(job.model ?? "", rows, { coverage: 0.8 });
    expect(answer.coverage).toEqual({ level: 0.8, guaranteed: 0.8, method: "adaptive", rows: 88 });
    const told = answer.predictions.map((one) =>
      "value" in one ? [one.interval?.lower, one.value, one.interval?.upper] : [],
    );
    for (const [lower = 0, value = 0, upper = 0] of told) expect(upper - value).toBeCloseTo(value - lower, 8);
    const plain = await client.predict(job.model ?? "", rows);
    expect(plain.coverage).toBeUndefined();
    expect(plain.predictions.map((one) => Object.keys(one))).toEqual([["value"], ["value"]]);
    const grpc = createGrpcClient(service.grpc);
    const { predictions, coverage } = await grpc.predict(job.model ?? "", rows, false, 0.8);
    expect(coverage).toEqual(answer.coverage);
    expect(
      predictions.map(({ kind }) =>
        kind?.$case === "regression" ? [kind.value.interval?.lower, kind.value.value, kind.value.interval?.upper] : [],
      ),
    ).toEqual(told);
    await expect(client.predict(job.model ?? "", rows, { coverage: 0.995 })).rejects.toThrow(/needs 199/);
    // The scores are of the model before its refit, which is kept beside it and asked.
    const { job: refitted } = await train("diabetes", {
      task: { type: "regression", label: "progression", features: ["bmi", "bp"] },
      ...{ model: { type: "quantile" }, loss: { type: "pinball", interval: 0.8 }, training: { refit: true } },
    });
    const measured = await client.predict(refitted.model ?? "", rows, { coverage: 0.8 });
    expect(measured.coverage).toEqual({ level: 0.8, guaranteed: 0.8, method: "adaptive", rows: 88 });
    const overGrpc = await grpc.predict(refitted.model ?? "", rows, false, 0.8);
    expect(overGrpc.coverage).toEqual({ level: 0.8, guaranteed: 0.8, method: "adaptive", rows: 88 });
    grpc.close();
  });

  test("of two solved models one of which is nested in the other a comparison tells whether the larger one is worth it", async () => {
    const learn = async (features: [string, ...string[]]) => {
      const task = { type: "regression", label: "progression", features } as const;
      return (await train("diabetes", { task, model: { type: "linear" } })).job.model ?? "";
    };
    const [smaller, larger] = [await learn(["bmi"]), await learn(["bmi", "bp", "s5"])];
    const asked = { models: [larger, smaller], dataset: datasets.get("diabetes")! };
    const { body } = await client.post<Comparison>("/v1/comparisons", asked);
    expect(body.nested).toMatchObject([{ smaller, larger, distribution: "F", degrees: 2, rows: 354 }]);
    expect(body.nested[0]!.pValue).toBeLessThan(1e-6);
  });

  test("what each column contributes to an answer is said when asked for, over both surfaces", async () => {
    const { job } = await train("iris", {
      task: { type: "classification", label: "species" },
      model: { type: "mlp", hidden: [8] },
      training: { epochs: 20 },
    });
    const rows = [{ sepal_length: 6.1, sepal_width: 3, petal_length: 4.9, petal_width: 1.8 }];
    const [plain] = (await client.predict(job.model ?? "", rows)).predictions;
    const [told] = (await client.predict(job.model ?? "", rows, { explain: true })).predictions;
    const { explanation, ...answer } = told as typeof plain & { explanation: Explanation };
    expect(answer).toEqual(plain);
    expect(explanation).toMatchObject({ method: "shapley", scale: "probability", rows: 100 });
    expect(explanation.answers).toHaveLength(3);
    expect(explanation.answers[0]!.class).toBe("label" in answer ? answer.label : null);
    for (const { base, answer: own, contributions } of explanation.answers) {
      expect(contributions.map(({ column }) => column)).toEqual(Object.keys(rows[0]!));
      expect(contributions.reduce((sum, { value }) => sum + value, base)).toBeCloseTo(own, 9);
    }
    const grpc = createGrpcClient(service.grpc);
    const { predictions } = await grpc.predict(job.model ?? "", rows, false, undefined, true);
    const { kind } = predictions[0]!;
    expect(kind?.$case === "classification" && kind.value.explanation).toEqual(explanation);
    grpc.close();
    const clusters = await client.untilDone(
      (
        await client.submit({
          dataset: datasets.get("iris")!,
          task: { type: "clustering", features: ["petal_length", "petal_width"] },
          model: { type: "k_means", clusters: 3 },
        })
      ).id,
    );
    await expect(client.predict(clusters.model ?? "", rows, { explain: true })).rejects.toThrow(/explain/);
  });

  test("a logistic regression's has an area under the ROC", async () => {
    const { job, report } = await train("breast_cancer", {
      task: { type: "classification", label: "diagnosis" },
      model: { type: "logistic" },
      training: { l2: 0.002 },
    });
    const told = taskOf<ClassificationReport>(report, "classification");
    expect(told.distribution).toBe("Bernoulli");
    expect(told.areaUnderRoc?.value).toBeGreaterThan(0.97);
    expect(told.accuracy.value).toBeCloseTo(job.metrics.testAccuracy ?? -1, 12);
    expect(told.logLikelihood?.value).toBeCloseTo(-(job.metrics.testLoss ?? 0), 5);
  });

  test("a regression's is in the label's units, whatever the loss", async () => {
    const task = { type: "regression", label: "progression" } as const;
    for (const [type, distribution] of [
      ["mean_squared_error", "normal, of the training residuals' variance"],
      ["gaussian_nll", "normal, its variance a second output"],
      ["poisson_nll", "Poisson"],
      ["huber", null],
    ] as const) {
      const { job, report } = await train("diabetes", { task, loss: { type } });
      const told = taskOf<RegressionReport>(report, "regression");
      expect(told.distribution).toBe(distribution);
      expect(told.rootMeanSquaredError.value / (job.metrics.testRootMeanSquaredError ?? 0)).toBeCloseTo(1, 5);
      expect(told.r2?.value).toBeCloseTo(job.metrics.testR2 ?? -1, 5);
      expect(told.predictionInterval?.halfWidth).toBeGreaterThan(told.meanAbsoluteError.value);
    }
  });

  test("a clustering's and a mixture's tell what the choice of k went by, an autoencoder's what is unusual", async () => {
    const features = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    const mixture = await train("iris", { task: { type: "density_estimation", features } });
    const density = taskOf<ClusteringReport>(mixture.report, "density_estimation");
    const lowest = density.criteria.toSorted((a, b) => a.value - b.value)[0];
    expect(lowest).toMatchObject({ k: density.k, criterion: "bic" });
    expect(lowest?.value).toBeCloseTo(mixture.job.metrics.bic ?? 0, 6);
    expect(density.logLikelihood?.value).toBeCloseTo(-(mixture.job.metrics.testLoss ?? 0), 9);
    const clusters = await train("iris", { task: { type: "clustering", features } });
    const told = taskOf<ClusteringReport>(clusters.report, "clustering");
    expect(told.clusters.reduce((sum, { trainRows }) => sum + trainRows, 0)).toBe(120);
    const autoencoder = await train("iris", { task: { type: "reconstruction", features } });
    const errors = taskOf<ReconstructionReport>(autoencoder.report, "reconstruction");
    expect(errors.meanSquaredError.value).toBeCloseTo(autoencoder.job.metrics.testLoss ?? -1, 5);
  });

  test("without rows that were held out it says so, and promises nothing", async () => {
    const { report } = await train("iris", {
      task: { type: "classification", label: "species" },
      training: { split: { test: 0, validation: 0 }, epochs: 5 },
    });
    expect(taskOf<ClassificationReport>(report, "classification")).toMatchObject({
      split: "train",
      rows: 150,
      predictionSets: null,
    });
  });

  const all = { split: { test: 0, validation: 0 } };
  const trainOn = async (name: string, csv: string, spec: Omit<JobSpecInput, "dataset">) => {
    datasets.set(name, (await client.upload(name, csv)).id);
    return train(name, spec);
  };

  test("a Poisson regression's has the coefficients that can be worked out by hand", async () => {
    const [a, b] = [
      [0, 0, 1, 3],
      [2, 4, 6, 0],
    ];
    const csv = `g,count\n${[a.map((count) => `A,${count}`), b.map((count) => `B,${count}`)].flat().join("\n")}\n`;
    const { report } = await trainOn("ticks", csv, {
      task: { type: "regression", label: "count" },
      model: { type: "poisson" },
      training: { ...all, l2: 0 },
    });
    const { coefficients, trainingFit, devianceExplained } = taskOf<RegressionReport>(report, "regression");
    // Means 1 and 3 of four rows each: ln 3 ± 1.96 · √(1/4 + 1/12).
    const [, ratio] = coefficients ?? [];
    expect(ratio?.term).toBe("g=B");
    expect(ratio?.estimate).toBeCloseTo(1.098612, 3);
    expect(ratio?.standardError).toBeCloseTo(0.57735, 3);
    expect(ratio?.lower).toBeCloseTo(-0.033, 3);
    expect(ratio?.upper).toBeCloseTo(2.2302, 3);
    expect(devianceExplained?.value).toBeCloseTo(
      1 - (trainingFit?.deviance ?? 0) / (trainingFit?.nullDeviance ?? 1),
      3,
    );
  });

  test("separated classes are called so, and no number stands where it would mislead", async () => {
    const csv = `x,y\n${Array.from({ length: 10 }, (_, i) => `${i + 1},${i < 5 ? "no" : "yes"}`).join("\n")}\n`;
    const { report } = await trainOn("apart", csv, {
      task: { type: "classification", label: "y" },
      model: { type: "logistic" },
      training: { ...all, l2: 0 },
    });
    const told = taskOf<ClassificationReport>(report, "classification");
    expect(told.notes.map(({ code }) => code)).toContain("separated");
    expect(
      told.coefficients?.every(({ standardError, pValue, lower }) => standardError ?? pValue ?? lower ?? true),
    ).toBe(true);
    expect(told.areaUnderRoc).toMatchObject({ value: 1, upper: 1 });
    expect(told.areaUnderRoc?.lower).toBeLessThan(0.9);
    for (const estimate of [told.logLikelihood, told.devianceExplained])
      expect(estimate).toMatchObject({ lower: null, upper: null });
  });

  test("a model that is gone has none", async () => {
    const { job } = await train("iris", { task: { type: "clustering" } });
    await client.call(`/v1/models/${job.model}`, { method: "DELETE" });
    expect(await client.call(`/v1/models/${job.model}/report`)).toMatchObject({ status: 404 });
  });
});
