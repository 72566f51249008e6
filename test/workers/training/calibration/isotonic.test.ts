import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { createJobs } from "../jobs.ts";
import { names, noisy, task } from "./noisy.ts";

type Input = Omit<JobSpecInput, "dataset">;
const sure: Input = {
  task,
  model: { type: "mlp", hidden: [24], activation: "silu" },
  training: { epochs: 40, l2: 0, earlyStopping: false },
};
const calibrated = (input: Input, more: Input["training"] = {}): Input => ({
  ...input,
  training: { ...input.training, calibration: "isotonic", ...more },
});

describe("isotonic calibration", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());
  const train = async (input: Input, rows = 400) => {
    const run = await jobs.train(noisy(rows), input);
    const told = await jobs.modelOf(run);
    if (told.report.task !== "classification") throw new Error("a classification is reported");
    const { label } = told.model.preprocessing;
    const curves = label.type === "classes" ? label.calibration : undefined;
    return { ...told, run, report: told.report, curves };
  };

  test("leaves the weights, and is in the answers, the report, the held-out rows and what explains them", async () => {
    const [own, plain] = [
      await train(calibrated(sure)),
      await train({ ...sure, training: { ...sure.training, split: { validation: 0.2 } } }),
    ];
    expect(own.model.digest).toBe(plain.model.digest);
    // A fifth of the rows, unless the split says otherwise.
    expect(own.curves).toMatchObject({ rows: 80 });
    expect(plain.curves).toBeUndefined();
    expect(own.report.logLikelihood!.value).toBeGreaterThan(plain.report.logLikelihood!.value + 0.1);
    expect(own.report.notes.find(({ code }) => code === "calibrated")?.message).toContain("80 validation rows");
    const table = noisy(400).trim().split("\n").slice(1);
    const heldOut = await jobs.heldOutOf(own.model);
    const asked = heldOut.map(({ row }) => {
      const cells = table[Number(row)]!.split(",");
      return Object.fromEntries(names.map((name, i) => [name, Number(cells[i])]));
    });
    const { predictions } = own.predict(...asked);
    for (const [i, prediction] of predictions.entries()) {
      if (!("probabilities" in prediction)) throw new Error("classes have probabilities");
      const probabilities = prediction.probabilities as Record<string, number>;
      expect(probabilities.yes).toBe(Number(heldOut[i]!["probabilities.yes"]));
    }
    expect(own.curves!.curves[0]!.value.at(0)).toBeGreaterThanOrEqual(1 / 82);
    const logs = heldOut.map(({ truth, ...row }) => Math.log(Number(row[`probabilities.${truth}`])));
    const mean = logs.reduce((sum, log) => sum + log / logs.length, 0);
    expect(own.report.logLikelihood!.value).toBeCloseTo(mean, 12);
  });

  test("is left out where the rows prefer no curve, and the report says so", async () => {
    const mild = await train(calibrated(sure, { epochs: 5, l2: 1 }), 200);
    expect(mild.curves).toBeUndefined();
    expect(mild.report.notes.find(({ code }) => code === "calibrated")?.message).toMatch(/^no growing curve/);
  });

  test("is kept by a refit on every row, through any checkpoint", async () => {
    const spec = calibrated(sure, { refit: true });
    const whole = await train(spec);
    expect(whole.curves?.rows).toBe(80);
    expect(whole.run.checkpoints.length).toBeGreaterThan(0);
    for (const checkpoint of whole.run.checkpoints) {
      const rest = await jobs.trainOn(whole.run.dataset, spec, null, { checkpoints: [checkpoint] });
      const { model } = await jobs.modelOf(rest);
      expect([model.digest, model.preprocessing]).toEqual([whole.model.digest, whole.model.preprocessing]);
    }
  });

  test.each([
    [{ task: { type: "regression" as const, label: "x0" }, model: { type: "mlp" as const } }, "of the probabilities"],
    [{ model: { type: "logistic" as const } }, "solved exactly"],
    [{ training: { split: { validation: 0 } } }, "there are none"],
    [{ training: { split: { validation: 0.2 }, crossValidation: { model: "folds" as const } } }, "are averaged"],
  ])("is refused where there is none: %j", async (input, why) => {
    const refused = jobs.train(noisy(60), calibrated({ task, ...input }));
    await expect(refused).rejects.toMatchObject({
      errors: [{ pointer: "/training/calibration", detail: expect.stringContaining(why) }],
    });
  });
});
