import { describe, expect, it } from "vitest";
import { Schedule } from "../../../src/domain/jobs/spec/optimizer-spec.ts";
import { afterEpoch, initialPlateau, learningRateAt } from "../../../src/engine/optim/schedule.ts";
import fixtures from "../train/pytorch-fixtures.json" with { type: "json" };

describe("a learning-rate schedule", () => {
  const cases = {
    step: { type: "step", everyEpochs: 3, factor: 0.1 },
    exponential: { type: "exponential", factor: 0.9 },
    cosine: { type: "cosine", minimum: 0.01 },
    one_cycle: { type: "one_cycle" },
  } as const;
  for (const [name, input] of Object.entries(cases)) {
    it(`${name} agrees with PyTorch`, () => {
      const schedule = Schedule.parse(input);
      fixtures.schedules[name as keyof typeof cases].forEach((expected, step) => {
        const found = learningRateAt(schedule, 0.1, { step, steps: 20, epoch: step }, initialPlateau);
        expect(found).toBeCloseTo(expected, 9);
      });
    });
  }

  it("reduce_on_plateau agrees with PyTorch", () => {
    const schedule = Schedule.parse({ type: "reduce_on_plateau", factor: 0.5, patience: 1 });
    let state = initialPlateau;
    fixtures.schedules.losses.forEach((loss, epoch) => {
      state = afterEpoch(schedule, state, loss);
      const moment = { step: epoch, steps: 20, epoch };
      expect(learningRateAt(schedule, 1, moment, state)).toBeCloseTo(fixtures.schedules.reduce_on_plateau[epoch]!, 12);
    });
  });

  it("constant stays, and a warm-up rises to it in equal steps", () => {
    const schedule = Schedule.parse({ type: "constant", warmupSteps: 4 });
    const rates = [0, 1, 2, 3, 4, 100].map((step) =>
      learningRateAt(schedule, 0.8, { step, steps: 1000, epoch: 0 }, initialPlateau),
    );
    expect(rates).toEqual([0.2, 0.4, 0.6000000000000001, 0.8, 0.8, 0.8]);
  });
});
