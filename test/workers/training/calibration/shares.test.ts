import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { createRandomStream } from "../../../../src/engine/kernels/philox.ts";
import { decodeSafetensors } from "../../../../src/formats/safetensors/safetensors.ts";
import { artifactKeys } from "../../../../src/store/artifacts/artifact-store.ts";
import { createJobs } from "../jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;

/** Three numbers, and what `labelOf` makes of them. */
const table = (rows: number, labelOf: (x: readonly number[]) => number): string => {
  const { uniform } = createRandomStream({ seedLow: 11, seedHigh: 0, purpose: 0, index: 0 });
  const lines = Array.from({ length: rows }, () => {
    const x = [uniform(), uniform(), uniform()];
    return [...x, labelOf(x)].join(",");
  });
  return `a,b,c,y\n${lines.join("\n")}\n`;
};
/** Five steps of one column and two of another, which a smooth network rounds off. */
const steps = table(400, ([a, b]) => (Math.floor(6 * a!) % 2) + 2 * Math.floor(3 * b!));
/** What a member without activations learns exactly. */
const plane = table(400, ([a, b, c]) => a! + 2 * b! - c!);

const specOf = (activation: "silu" | "identity"): Input => ({
  task: { type: "regression", label: "y" },
  model: {
    type: "ensemble",
    members: [
      { hidden: [8], activation },
      { hidden: [8], activation: "silu", embedding: { units: 6, deviation: 8 } },
    ],
    shares: "held_out",
  },
});
const spec = specOf("silu");

describe("the shares of members", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());

  const train = async (csv: string, training: Input["training"], own = spec) => {
    const run = await jobs.train(csv, { ...own, training });
    const { model } = await jobs.modelOf(run);
    const key = artifactKeys.weights("default", model.id, model.digest.slice(7));
    const { tensors } = decodeSafetensors(await jobs.artifacts.readBytes(key));
    return { run, model, shares: [...tensors.find(({ name }) => name === "members.share")!.data] };
  };

  test("go to the member that sees steps where validation rows say so", async () => {
    const { model, shares } = await train(steps, { epochs: 60, earlyStopping: false, split: { validation: 0.2 } });
    const { memberShare0, memberShare1, memberShareGain, memberShareRows } = model.metrics;
    expect(memberShare1).toBeGreaterThan(memberShare0!);
    expect(memberShare0! + memberShare1!).toBeCloseTo(1, 12);
    expect(memberShareGain).toBeGreaterThan(0);
    expect(memberShareRows).toBe(80);
    expect(shares).toEqual([memberShare0!, memberShare1!].map(Math.fround));
  });

  test("stay with those without an embedding where these are exact", async () => {
    const training = { epochs: 60, l2: 0, earlyStopping: false as const, split: { validation: 0.2 } };
    const { model, shares } = await train(plane, training, specOf("identity"));
    expect(model.metrics).not.toHaveProperty("memberShare0");
    expect(shares).toEqual([1, 0]);
  });

  test("are chosen by the rows that trials of a penalty hold out, and kept by a refit, through any checkpoint", async () => {
    const training = { epochs: 40, l2: 1e-4, penaltySearch: { factors: [1, 4], folds: 2 }, refit: true, seed: 3 };
    const { run, model, shares } = await train(steps, training);
    const { memberShare0, memberShare1 } = model.metrics;
    expect(memberShare1).toBeGreaterThan(memberShare0!);
    expect(shares).toEqual([memberShare0!, memberShare1!].map(Math.fround));
    for (const checkpoint of run.checkpoints) {
      const rest = await jobs.trainOn(run.dataset, { ...spec, training }, null, { checkpoints: [checkpoint] });
      expect((await jobs.modelOf(rest)).model.digest).toBe(model.digest);
    }
  });

  test("that trials chose have the temperature that the same rows prefer, through any checkpoint", async () => {
    const { uniform } = createRandomStream({ seedLow: 13, seedHigh: 0, purpose: 0, index: 0 });
    const classes = table(400, ([a]) => (uniform() < 0.3 ? Math.floor(2 * uniform()) : Math.floor(6 * a!) % 2));
    const own = { ...spec, task: { type: "classification", label: "y" } } as const;
    const search = { factors: [1, 4], folds: 2 };
    const training = { epochs: 400, l2: 1e-7, penaltySearch: search, calibration: "temperature", seed: 3 } as const;
    const { run, model } = await train(classes, training, own);
    const { memberShareRows, temperature, temperatureRows } = model.metrics;
    expect(model.metrics).toHaveProperty("memberShare0");
    expect(temperature).toBeGreaterThan(1);
    expect(temperatureRows).toBe(memberShareRows);
    for (const checkpoint of run.checkpoints) {
      const rest = await jobs.trainOn(run.dataset, { ...own, training }, null, { checkpoints: [checkpoint] });
      expect((await jobs.modelOf(rest)).model.digest).toBe(model.digest);
    }
  });

  test("a member of rates that runs away does not end the training of the others", async () => {
    const counts = table(200, ([a, b]) => Math.floor(4 * a! * b!));
    const run = await jobs.train(counts, {
      ...{ task: { type: "regression", label: "y" }, loss: { type: "poisson_nll" } },
      model: { type: "ensemble", members: [{ hidden: [4] }, { hidden: [4] }] },
      optimizer: { type: "sgd", learningRate: 1000 },
      training: { epochs: 3, l2: 0, split: { validation: 0, test: 0.2 } },
    });
    const { model } = await jobs.modelOf(run);
    expect(Object.values(model.metrics).every((value) => Number.isFinite(value))).toBe(true);
  });
});
