import { expect, test } from "vitest";
import { JobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { LossSpec } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import type { TracedSpec } from "../../../src/engine/nn/models.ts";
import { createPredictor } from "../../../src/engine/train/predictor.ts";

const [inputs, rows] = [3, 40];
const members = [
  { hidden: [5], activation: "silu" as const },
  { hidden: [4, 3], activation: "tanh" as const },
  { hidden: [6], activation: "relu" as const },
];
const layersOf = ({ hidden }: (typeof members)[number]): string[] => [...hidden.map((_, i) => `hidden.${i}`), "output"];
const widthsOf = ({ hidden }: (typeof members)[number], outputs: number): number[] => [inputs, ...hidden, outputs];

/** Numbers from −3 to 3 that repeat nowhere. */
const wave = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 3 * Math.sin(1 + 12.9898 * i + phase));

const specOf = (model: object, loss: LossSpec["type"]): TracedSpec => {
  const task = { type: loss.endsWith("entropy") ? "classification" : "regression", label: "y" };
  return JobSpec.parse({ dataset: "ds_01JD0000000000000000000000", task, model, loss: { type: loss } }) as TracedSpec;
};

test.each([
  ["cross_entropy", 3],
  ["binary_cross_entropy", 1],
  ["poisson_nll", 1],
  ["mean_squared_error", 1],
] as const)("an ensemble answers the mean of its members' answers: %s", async (loss, outputs) => {
  const kernels = { module: await compileKernels(), native: null };
  const data = wave(rows * inputs, 0);
  const all = new Map<string, Float32Array>();
  const answers = await Promise.all(
    members.map(async (member, m) => {
      const widths = widthsOf(member, outputs);
      const own = new Map(
        layersOf(member).flatMap((layer, i): [string, Float32Array][] => [
          [`${layer}.weight`, wave(widths[i]! * widths[i + 1]!, m + i)],
          [`${layer}.bias`, wave(widths[i + 1]!, m - i)],
        ]),
      );
      for (const [name, values] of own)
        all.set(name.startsWith("output") ? name.replace("output", `output.${m}`) : `member.${m}.${name}`, values);
      const predictor = await createPredictor(
        specOf({ type: "mlp", ...member }, loss),
        { inputs, outputs },
        own,
        kernels,
      );
      return predictor.predict(data);
    }),
  );
  const ensemble = await createPredictor(
    specOf({ type: "ensemble", members }, loss),
    { inputs, outputs },
    all,
    kernels,
  );
  const mean = ensemble.predict(data);
  expect(mean).toHaveLength(rows * outputs);
  for (const [i, value] of mean.entries()) {
    const expected = answers.reduce((sum, own) => sum + own[i]!, 0) / members.length;
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(expected)));
  }
});
