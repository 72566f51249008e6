import { describe, expect, it } from "vitest";
import type { Initializer } from "../../../src/domain/jobs/spec/parts/units.ts";
import { weightTensors } from "../../../src/engine/train/fitting/memory.ts";
import { runJob, specOf } from "../train/job.ts";

const [inputs, units] = [300, 200];

/** The first layer's weights before any step: training with learning rates of almost nothing. */
const drawn = async (initializer: Initializer, seed = 42): Promise<Float32Array> => {
  const model = { type: "mlp", hidden: [units], initializer };
  const spec = specOf({
    model,
    optimizer: { type: "sgd", learningRate: 1e-30 },
    training: { epochs: 1, batchSize: "full", seed },
  });
  const { plan, memory } = await runJob(spec, { trainRows: 2, validationRows: 0, testRows: 0, inputs, outputs: 3 });
  return weightTensors(plan, memory)[0]!.data;
};

const moments = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const central = (power: number): number =>
    values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
  return {
    mean,
    variance: central(2),
    kurtosis: central(4) / central(2) ** 2,
    largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
};

describe("initial weights have the moments of their distribution:", () => {
  const normal: readonly (readonly [Initializer, number])[] = [
    ["xavier", 2 / (inputs + units)],
    ["he", 2 / inputs],
    ["he_average", 4 / (inputs + units)],
    [{ type: "normal", standardDeviation: 0.02 }, 0.02 ** 2],
  ];
  for (const [initializer, variance] of normal) {
    it(`${JSON.stringify(initializer)} is normal with variance ${variance.toPrecision(3)}`, async () => {
      const found = moments(await drawn(initializer));
      // Five standard errors of 60,000 draws.
      expect(Math.abs(found.mean)).toBeLessThan(5 * Math.sqrt(variance / (inputs * units)));
      expect(Math.abs(found.variance / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / (inputs * units)));
      expect(Math.abs(found.kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / (inputs * units)));
    });
  }

  const uniform: readonly (readonly [Initializer, number])[] = [
    ["xavier_uniform", Math.sqrt(6 / (inputs + units))],
    [{ type: "uniform", limit: 0.05 }, 0.05],
  ];
  for (const [initializer, limit] of uniform) {
    it(`${JSON.stringify(initializer)} is uniform up to ${limit.toPrecision(3)}`, async () => {
      const found = moments(await drawn(initializer));
      expect(found.largest).toBeLessThanOrEqual(limit * (1 + 1e-6));
      expect(found.largest).toBeGreaterThan(0.999 * limit);
      expect(Math.abs(found.variance / (limit ** 2 / 3) - 1)).toBeLessThan(0.02);
    });
  }

  it("zeros and constants are what they say", async () => {
    expect((await drawn("zeros")).every((value) => value === 0)).toBe(true);
    expect((await drawn({ type: "constant", value: 0.25 })).every((value) => value === 0.25)).toBe(true);
  });

  it("another seed draws other weights", async () => {
    expect(await drawn("he", 1)).not.toEqual(await drawn("he", 2));
    expect(await drawn("he", 1)).toEqual(await drawn("he", 1));
  });
});
