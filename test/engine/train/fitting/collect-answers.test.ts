import { describe, expect, it } from "vitest";
import { loadEngineKernels } from "../../../../src/engine/kernels/engine-kernels.ts";
import { leadTeam } from "../../../../src/engine/parallel/team.ts";
import { collectAnswers, spreadRows } from "../../../../src/engine/train/fitting/collect-answers.ts";
import { dataViews, weightTensors } from "../../../../src/engine/train/fitting/memory.ts";
import { createPredictor } from "../../../../src/engine/train/predictor.ts";
import { compiled, runJob, specOf } from "../job.ts";

const shape = { trainRows: 40, validationRows: 20, testRows: 300, inputs: 6, outputs: 3 };
const training = { epochs: 3 };

describe("the answers that a report is made of", () => {
  const cases = [
    ["cross_entropy", { model: { type: "mlp", hidden: [9], batchNorm: true } }, shape, 3],
    ["binary_cross_entropy", { model: { type: "logistic" } }, { ...shape, outputs: 1 }, 2],
    ["gaussian_nll", { model: { type: "mlp", hidden: [5] } }, { ...shape, outputs: 2 }, -1],
    ["poisson_nll", { model: { type: "poisson" } }, { ...shape, outputs: 1 }, 0],
  ] as const;
  for (const [loss, { model }, counts, classes] of cases) {
    it(`are what the model would predict: ${loss}`, async () => {
      const spec = specOf({ model, loss: { type: loss }, training });
      const { plan, memory } = await runJob(spec, counts, { classes });
      const team = leadTeam(plan, memory, await loadEngineKernels(await compiled, memory));
      const answers = collectAnswers(plan, memory, team, () => {});
      const weights = new Map(weightTensors(plan, memory).map(({ name, data }) => [name, Float32Array.from(data)]));
      const predictor = await createPredictor(plan.spec, counts, weights, await compiled);
      expect(answers.split).toBe("test");
      expect(answers.rows).toEqual(Int32Array.from({ length: 300 }, (_, row) => row));
      const predicted = predictor.predict(Float32Array.from(dataViews(plan, memory).test.features));
      expect(answers.outputs).toEqual(predicted);
    });
  }

  it("are about the validation split without a test split, and about the training split without either", async () => {
    const spec = specOf({ model: { type: "softmax" }, training });
    for (const [counts, split] of [
      [{ ...shape, testRows: 0 }, "validation"],
      [{ ...shape, testRows: 0, validationRows: 0 }, "train"],
    ] as const) {
      const { plan, memory } = await runJob(spec, counts);
      const team = leadTeam(plan, memory, await loadEngineKernels(await compiled, memory));
      expect(collectAnswers(plan, memory, team, () => {})).toMatchObject({ split });
    }
  });

  it("are kept of a million rows at most, evenly spread, and of fewer where each has many numbers", () => {
    const rows = spreadRows(3_000_000, 2);
    expect(rows.length).toBe(1_000_000);
    expect([rows[0], rows[1], rows.at(-1)]).toEqual([0, 3, 2_999_997]);
    expect(spreadRows(100_000, 10_000).length).toBe(3355);
    expect(spreadRows(7, 3)).toEqual(Int32Array.of(0, 1, 2, 3, 4, 5, 6));
  });
});
