import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { decodeSafetensors } from "../../../../src/formats/safetensors/safetensors.ts";
import { artifactKeys } from "../../../../src/store/artifacts/artifact-store.ts";
import { createJobs } from "../jobs.ts";
import { noisy, task } from "./noisy.ts";

type Input = Omit<JobSpecInput, "dataset">;

const sure: Input = {
  task,
  model: { type: "mlp", hidden: [24], activation: "silu" },
  training: { epochs: 60, l2: 0, earlyStopping: false, split: { validation: 0.3 } },
};

describe("a temperature", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());

  const train = async (input: Input) => {
    const run = await jobs.train(noisy(300), input);
    const { model, report, predict } = await jobs.modelOf(run);
    const key = artifactKeys.weights("default", model.id, model.digest.slice(7));
    const { tensors } = decodeSafetensors(await jobs.artifacts.readBytes(key));
    const notes = "notes" in report ? report.notes : [];
    return { run, model, notes, predict, tensors: new Map(tensors.map(({ name, data }) => [name, [...data]])) };
  };
  const calibrated = (input: Input): Input => ({
    ...input,
    training: { ...input.training, calibration: "temperature" },
  });

  test("is chosen by validation rows, becomes part of the output layer alone, and is told of", async () => {
    const [plain, own] = [await train(sure), await train(calibrated(sure))];
    const { temperature, temperatureGain, temperatureRows, validationLoss } = own.model.metrics;
    expect(temperature).toBeGreaterThan(1);
    expect(temperatureRows).toBe(90);
    expect(validationLoss! + temperatureGain!).toBeCloseTo(plain.model.metrics.validationLoss!, 4);
    expect(own.tensors.get("hidden.0.weight")).toEqual(plain.tensors.get("hidden.0.weight"));
    const divided = plain.tensors.get("output.weight")!.map((weight) => Math.fround(weight / temperature!));
    expect(own.tensors.get("output.weight")).toEqual(divided);
    expect(own.notes.find(({ code }) => code === "calibrated")?.message).toContain(`divided by ${temperature},`);
    expect(plain.notes.map(({ code }) => code)).not.toContain("calibrated");
  });

  test("stays 1 where the rows do not surely prefer another", async () => {
    const own = await train(calibrated({ ...sure, training: { ...sure.training, epochs: 5, l2: 1 } }));
    const { temperature, temperatureGain } = own.model.metrics;
    expect({ temperature, temperatureGain }).toEqual({ temperature: 1, temperatureGain: 0 });
    expect(own.notes.map(({ code }) => code)).toContain("calibrated");
  });

  test("is chosen by the rows that trials of a penalty hold out, and kept by a refit, through any checkpoint", async () => {
    const spec = calibrated({
      ...sure,
      training: { epochs: 60, l2: 1e-7, penaltySearch: { factors: [1, 2], folds: 2 }, refit: true, seed: 3 },
    });
    const whole = await train(spec);
    expect(whole.model.metrics.temperature).toBeGreaterThan(1);
    // Of 240 training rows each of two folds judges what whole batches of 8 leave of them: 48.
    expect(whole.model.metrics.temperatureRows).toBe(96);
    for (const checkpoint of whole.run.checkpoints) {
      const rest = await jobs.trainOn(whole.run.dataset, spec, null, { checkpoints: [checkpoint] });
      expect((await jobs.modelOf(rest)).model.digest).toBe(whole.model.digest);
    }
  });

  test("is chosen by the rows of the folds of a cross-validation, and is that of the model of all rows, through any checkpoint", async () => {
    const folded: Input = {
      ...sure,
      training: {
        epochs: 60,
        l2: 0,
        earlyStopping: false,
        penaltySearch: false,
        crossValidation: { folds: 3, repeats: 2 },
      },
    };
    const [plain, own] = [await train(folded), await train(calibrated(folded))];
    const { temperature, temperatureGain, temperatureRows } = own.model.metrics;
    expect(temperature).toBeGreaterThan(1);
    expect(temperatureRows).toBe(300);
    // By hand, from the answers of the first division that the model keeps.
    const rows = (await jobs.heldOutOf(own.model)).filter(({ repeat }) => repeat === "1");
    const gainAt = (t: number): number =>
      rows.reduce((sum, row) => {
        const powers = ["no", "yes"].map((name) => Number(row[`probabilities.${name}`]) ** (1 / t));
        const [p, plainP] = [
          powers[row.truth === "yes" ? 1 : 0]! / (powers[0]! + powers[1]!),
          Number(row[`probabilities.${row.truth}`]),
        ];
        return sum + (Math.log(p) - Math.log(plainP)) / rows.length;
      }, 0);
    const tried = [0.5, 0.6, 0.7, 0.85, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.4, 4];
    expect(temperature).toBe(tried.toSorted((a, b) => gainAt(b) - gainAt(a))[0]);
    expect(temperatureGain).toBeCloseTo(gainAt(temperature!), 4);
    expect(own.tensors.get("hidden.0.weight")).toEqual(plain.tensors.get("hidden.0.weight"));
    const divided = plain.tensors.get("output.weight")!.map((weight) => Math.fround(weight / temperature!));
    expect(own.tensors.get("output.weight")).toEqual(divided);
    expect(own.notes.find(({ code }) => code === "calibrated")?.message).toContain("on 300 rows of the folds");
    for (const checkpoint of own.run.checkpoints) {
      const rest = await jobs.trainOn(own.run.dataset, calibrated(folded), null, { checkpoints: [checkpoint] });
      expect((await jobs.modelOf(rest)).model.digest).toBe(own.model.digest);
    }
  });

  test.each([
    [{ task: { type: "regression" as const, label: "x0" }, model: { type: "mlp" as const } }, "of the probabilities"],
    [{ model: { type: "logistic" as const } }, "solved exactly"],
    [{ training: { penaltySearch: false as const } }, "no rows are held out"],
  ])("is refused where there is none: %j", async (input, why) => {
    const refused = jobs.train(noisy(60), calibrated({ task, ...input }));
    await expect(refused).rejects.toMatchObject({
      errors: [{ pointer: "/training/calibration", detail: expect.stringContaining(why) }],
    });
  });
});
