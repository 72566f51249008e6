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
  ["cross_entropy", 3, null],
  ["binary_cross_entropy", 1, null],
  ["poisson_nll", 1, null],
  ["mean_squared_error", 1, null],
  ["cross_entropy", 3, [0.5, 0.125, 0.375]],
  ["binary_cross_entropy", 1, [0, 0.25, 0.75]],
  ["mean_squared_error", 1, [0.75, 0.25, 0]],
] as const)(
  "an ensemble answers the mean of its members' answers: %s of %i, shares %j",
  async (loss, outputs, shares) => {
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
    if (shares !== null) all.set("members.share", Float32Array.from(shares));
    const ensemble = await createPredictor(
      specOf({ type: "ensemble", members, ...(shares === null ? {} : { shares: "held_out" }) }, loss),
      { inputs, outputs },
      all,
      kernels,
    );
    const mean = ensemble.predict(data);
    expect(mean).toHaveLength(rows * outputs);
    for (const [i, value] of mean.entries()) {
      const expected = answers.reduce((sum, own, m) => sum + (shares?.[m] ?? 1 / members.length) * own[i]!, 0);
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(expected)));
    }
  },
);

test("an embedding gives each input units of its own, tanh(slope·x + shift), beside it", async () => {
  const kernels = { module: await compileKernels(), native: null };
  const [units, hidden] = [2, 4];
  const seen = inputs * (1 + units);
  const [slope, shift] = [wave(inputs * units, 5), wave(inputs * units, 6)];
  const [weight, bias, out, last] = [wave(seen * hidden, 1), wave(hidden, 2), wave(hidden, 3), wave(1, 4)];
  const weights = new Map(
    Object.entries({
      ...{ "embedding.slope": slope, "embedding.shift": shift },
      ...{ "hidden.0.weight": weight, "hidden.0.bias": bias, "output.weight": out, "output.bias": last },
    }),
  );
  const model = { type: "mlp", hidden: [hidden], activation: "tanh", embedding: { units } };
  const data = wave(rows * inputs, 0);
  const predictor = await createPredictor(
    specOf(model, "mean_squared_error"),
    { inputs, outputs: 1 },
    weights,
    kernels,
  );
  const answers = predictor.predict(data);
  for (let row = 0; row < rows; row++) {
    const x = [...data.subarray(row * inputs, (row + 1) * inputs)];
    const steps = x.flatMap((value, i) =>
      Array.from({ length: units }, (_, u) => Math.tanh(slope[i * units + u]! * value + shift[i * units + u]!)),
    );
    const h = Array.from({ length: hidden }, (_, j) =>
      Math.tanh([...x, ...steps].reduce((sum, value, i) => sum + value * weight[i * hidden + j]!, bias[j]!)),
    );
    const expected = h.reduce((sum, value, j) => sum + value * out[j]!, last[0]!);
    expect(Math.abs(answers[row]! - expected)).toBeLessThanOrEqual(1e-4);
  }
});
