import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { decodeSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { mean } from "../../../src/stats/estimate.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { createJobs } from "./jobs.ts";

const file = (name: string): Buffer => readFileSync(new URL(`../../data/${name}.csv`, import.meta.url));
const split = { validation: 0.2, test: 0.2 };

describe("a study's trial", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs?.close());

  const spec: Omit<JobSpecInput, "dataset"> = {
    task: { type: "classification", label: "species" },
    model: { type: "mlp", hidden: [8], dropout: 0.2 },
    training: { epochs: 20, split, earlyStopping: false },
  };

  test("pauses by itself at each rung, has its value there, and ends with the weights of a job that never paused", async () => {
    const whole = await jobs.train(file("iris"), spec);
    const { dataset } = whole;
    const first = await jobs.trainOn(dataset, spec, null, { trial: { pauseAtEpoch: 1 } });
    expect(first.end).toEqual({ type: "reached", epoch: 1 });
    expect(first.points.at(-1)?.metrics.validationLoss).toBe(whole.points[0]?.metrics.validationLoss);
    // Taken up again without being promoted it computes nothing.
    const again = await jobs.trainOn(dataset, spec, null, {
      trial: { pauseAtEpoch: 1 },
      checkpoints: first.checkpoints,
    });
    expect(again.end).toEqual({ type: "reached", epoch: 1 });
    expect(again.points).toEqual([]);
    const second = await jobs.trainOn(dataset, spec, null, {
      trial: { pauseAtEpoch: 4 },
      checkpoints: first.checkpoints,
    });
    expect(second.end).toEqual({ type: "reached", epoch: 4 });
    const last = await jobs.trainOn(dataset, spec, null, {
      trial: { pauseAtEpoch: null },
      checkpoints: second.checkpoints,
    });
    const [direct, promoted] = [await jobs.modelOf(whole), await jobs.modelOf(last)];
    expect(promoted.model.digest).toBe(direct.model.digest);
    expect(promoted.model.metrics).toEqual(direct.model.metrics);
  });

  test("that early stopping ends before its rung ends there", async () => {
    const training = { epochs: 400, split, earlyStopping: { patience: 1 } };
    const short = await jobs.train(file("iris"), { ...spec, optimizer: { type: "adam", learningRate: 1 }, training });
    expect(short.points.at(-1)?.epoch).toBeLessThan(300);
    const trial = await jobs.trainOn(
      short.dataset,
      { ...spec, optimizer: { type: "adam", learningRate: 1 }, training },
      null,
      { trial: { pauseAtEpoch: 300 } },
    );
    expect(trial.end.type).toBe("trained");
  });

  test.each([
    ["iris", { type: "classification", label: "species" }, { type: "softmax" }],
    ["breast_cancer", { type: "classification", label: "diagnosis" }, { type: "logistic" }],
    ["diabetes", { type: "regression", label: "progression" }, { type: "linear" }],
    ["diabetes", { type: "regression", label: "progression" }, { type: "poisson" }],
  ] as const)("leaves what it made of each validation row: %s, %j, %j", async (name, task, model) => {
    const { label } = task;
    const header = file(name).toString().split("\n", 1)[0]?.split(",") ?? [];
    const job = { task: { ...task, label: header.includes(label) ? label : header.at(-1)!.trim() }, model };
    const plain = await jobs.train(file(name), { ...job, training: { epochs: 5, split } });
    const run = await jobs.trainOn(plain.dataset, { ...job, training: { epochs: 5, split } }, null, {
      trial: { pauseAtEpoch: null },
    });
    const { model: trained } = await jobs.modelOf(run);
    const key = artifactKeys.scores("default", trained.id, trained.digest.replace(/^sha256:/, ""));
    const { tensors } = decodeSafetensors(await jobs.artifacts.readBytes(key));
    const meanOf = (wanted: string): number => mean(tensors.find((each) => each.name === wanted)!.data as Float32Array);
    const { metrics } = trained;
    expect(meanOf("loss")).toBeCloseTo(metrics.validationLoss!, 4);
    if (task.type === "classification") expect(meanOf("hit")).toBeCloseTo(metrics.validationAccuracy!, 6);
    else expect(meanOf("square") / metrics.validationMeanSquaredError!).toBeCloseTo(1, 4);
    const ofPlain = (await jobs.modelOf(plain)).model;
    expect(ofPlain.files).not.toHaveProperty("scores");
    expect(ofPlain.digest).toBe(trained.digest);
  });
});
