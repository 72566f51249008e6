import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlanCall } from "../../../src/engine/graph/plan.ts";
import { cutPart } from "../../../src/engine/parallel/pieces.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import { specOf } from "../train/job.ts";

const spec = specOf({
  model: {
    type: "cnn",
    input: { height: 28, width: 28, channels: 16 },
    layers: [
      { type: "conv2d", filters: 40, padding: "same", batchNorm: true },
      { type: "conv2d", filters: 40, padding: "same", groups: 40, activation: "gelu" },
      { type: "max_pool" },
      { type: "dense", units: 70 },
    ],
  },
});
const shape = { trainRows: 64, validationRows: 0, testRows: 0, inputs: 28 * 28 * 16, outputs: 3 };
const calls: readonly PlanCall[] = planTraining(spec, shape).programs.flatMap((program) => program.calls);

const convolutionOf = (groups: number): PlanCall => {
  const of = calls.filter(({ kernel, args }) => kernel === "conv2d" && args.at(-1) === groups);
  return of.reduce((a, b) => (b.units > a.units ? b : a));
};

describe("pieces of a call", () => {
  it("are consecutive and cover its units exactly, whoever takes them", () => {
    const any = fc.tuple(
      fc.constantFrom(...calls),
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(any, ([call, units, threads]) => {
        const all = Array.from({ length: threads }, (_, thread) => cutPart({ ...call, units }, thread, threads)).flat();
        expect(all[0]!.start).toBe(0);
        expect(all.at(-1)!.end).toBe(units);
        for (const [i, { start, end }] of all.entries()) {
          expect(end).toBeGreaterThan(start);
          if (i > 0) expect(start).toBe(all[i - 1]!.end);
        }
      }),
    );
  });

  it("are several where there is much to do, and one where there is little", () => {
    expect(cutPart(convolutionOf(1), 0, 2).length).toBeGreaterThan(2);
    const little = calls.find(({ kernel }) => kernel === "sumPartials")!;
    expect(cutPart(little, 1, 2)).toEqual([{ start: 0, end: 1 }]);
    expect(cutPart(little, 0, 2)).toEqual([]);
  });

  it("are eight lines at least of a convolution of each channel by itself", () => {
    const call = convolutionOf(40);
    expect(call.units).toBe((64 * 28 * 28) / 4);
    for (const { start, end } of cutPart(call, 0, 2)) expect(end - start).toBeGreaterThanOrEqual((8 * 28) / 4);
  });
});
