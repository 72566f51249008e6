import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../../../src/domain/jobs/spec/job-spec.ts";
import { createControl, sendSignal } from "../../../../workers/engine/control.ts";
import { createJobs } from "../jobs.ts";

type Input = Omit<JobSpecInput, "dataset">;

const iris = readFileSync(new URL("../../../data/iris.csv", import.meta.url), "utf8");
const species = { type: "classification", label: "species" } as const;
const width = { type: "regression", label: "petal_width" } as const;
const small: Extract<Input["model"] & object, { type: "mlp" }> = { type: "mlp", hidden: [4], activation: "silu" };

/** Jobs that find something out in the first fit: epochs, a penalty, a threshold of two classes. */
const specs: Record<string, Input & { training: NonNullable<Input["training"]> }> = {
  "a network that stops early": {
    ...{ task: species, model: small },
    training: { epochs: 60, split: { validation: 0.2 }, earlyStopping: { patience: 3 } },
  },
  "a network whose penalty is searched": {
    ...{ task: width, model: { ...small, hidden: [3] } },
    training: { batchSize: 32, epochs: 15, l2: 0.001, penaltySearch: { factors: [1, 16], folds: 1 } },
  },
  "a solved model": { task: width, model: { type: "linear" }, training: {} },
};

/** Σ of the rates of so many epochs of a cosine, in epochs of the first rate: ∫₀ᵉ ½(1 + cos πt/E) dt, added up in small steps. */
const rateSum = (epochs: number, planned: number): number => {
  const parts = 1000 * epochs;
  const rateAt = (i: number): number => (1 + Math.cos((Math.PI * (i + 0.5)) / 1000 / planned)) / 2;
  return Array.from({ length: parts }, (_, i) => rateAt(i) / 1000).reduce((a, b) => a + b, 0);
};

describe("a refit", () => {
  let jobs: Awaited<ReturnType<typeof createJobs>>;
  beforeAll(async () => {
    jobs = await createJobs();
  });
  afterAll(() => jobs.close());

  const withRefit = (spec: (typeof specs)[string]): Input => ({ ...spec, training: { ...spec.training, refit: true } });

  for (const [name, spec] of Object.entries(specs))
    test(`measures, then fits every row as it would be fitted alone: ${name}`, async () => {
      const measured = await jobs.modelOf(await jobs.train(iris, spec));
      const run = await jobs.train(iris, withRefit(spec));
      const { model, report } = await jobs.modelOf(run);
      expect(model.refit).toMatchObject({ measuredDigest: measured.model.digest, rows: 150 });
      expect(model.metrics).toEqual(measured.model.metrics);
      const notes = "notes" in report ? report.notes : [];
      expect(notes.map(({ code }) => code)).toContain("refitted");
      expect({ ...report, notes: notes.filter(({ code }) => code !== "refitted") }).toEqual(measured.report);
      expect(run.plan).toMatchObject({ fits: 2 });
      expect(run.events.map(({ name: type }) => type)).toContain("measured");

      const { epochs, l2, measuredRows } = model.refit!;
      expect(l2).toBeCloseTo(((measured.model.metrics.l2 ?? measured.model.spec.training.l2) * measuredRows) / 150, 12);
      const { bestEpoch, epochs: ran = 1 } = measured.model.metrics;
      const { epochs: planned, batchSize } = measured.model.spec.training;
      if (bestEpoch === undefined) expect(epochs).toBe(ran);
      else expect(Math.abs(rateSum(epochs, epochs) - rateSum(bestEpoch, planned))).toBeLessThanOrEqual(0.25);
      // The same is a job of its own, on every row.
      const rest = { penaltySearch: false, earlyStopping: false } as const;
      const stated = spec.model!.type === "linear" ? {} : { epochs, l2, batchSize, ...rest };
      const alone = await jobs.train(iris, { ...spec, training: { ...stated, split: { validation: 0, test: 0 } } });
      expect((await jobs.modelOf(alone)).model.digest).toBe(model.digest);
    });

  test("goes on from any checkpoint, of either fit, to the same bits, and measures nothing again", async () => {
    const spec = withRefit(specs["a network that stops early"]!);
    const whole = await jobs.train(iris, spec);
    const { model, report } = await jobs.modelOf(whole);
    const control = createControl();
    const cut = await jobs.trainOn(whole.dataset, spec, null, {
      ...{ control, checkpointMs: 0 },
      onCheckpoint: (count) => {
        if (count === 40) sendSignal(control, "checkpoint");
      },
    });
    expect(cut.end.type).toBe("stopped");
    const phases = new Set<boolean>();
    const some = cut.checkpoints.filter((_, i) => i % 13 === 0);
    for (const checkpoint of [...some, ...whole.checkpoints]) {
      const rest = await jobs.trainOn(whole.dataset, spec, null, { checkpoints: [checkpoint] });
      phases.add(rest.events.some(({ name }) => name === "measured"));
      const again = await jobs.modelOf(rest);
      expect(again.model.digest).toBe(model.digest);
      expect(again.model.refit).toEqual(model.refit);
      expect(again.report).toEqual(report);
    }
    expect(phases).toEqual(new Set([true, false]));
  });

  test.each([
    [{ training: { refit: true, crossValidation: {} } }, "fitted to all rows already"],
    [{ training: { refit: true, split: { test: 0, validation: 0 } } }, "sets no rows aside"],
    [{ task: { type: "clustering" as const }, training: { refit: true } }, "clusters and mixtures"],
  ])("is refused where it makes no sense: %j", async (input, why) => {
    const refused = jobs.train(iris, { task: species, ...input });
    await expect(refused).rejects.toMatchObject({
      errors: [{ pointer: "/training/refit", detail: expect.stringContaining(why) }],
    });
  });
});
