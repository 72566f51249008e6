import { describe, expect, it } from "vitest";
import { planSpec } from "../../../workers/planning/plan-spec.ts";
import { specOf } from "../../engine/train/job.ts";

const shape = { trainRows: 4000, validationRows: 0, testRows: 2000, inputs: 20, outputs: 3 };
const deep = { type: "mlp", hidden: new Array(12).fill(64), batchNorm: true };
const planOf = (model: typeof deep | { type: string }, training: object, resources: object = {}) => {
  const spec = specOf({ model, training: { batchSize: 2000, ...training } });
  return planSpec({ ...spec, resources: { ...spec.resources, ...resources } }, shape);
};

describe("a plan says", () => {
  it("what computing activations again saves and costs, and changes nothing else", () => {
    const whole = planOf(deep, { gradientCheckpointing: false });
    const saved = planOf(deep, { gradientCheckpointing: true });
    const { savedBytes = 0, recomputedFlopsPerStep = 0 } = saved;
    expect(savedBytes).toBeGreaterThan(0);
    expect(saved.memoryBytes + savedBytes).toBe(whole.memoryBytes);
    expect(saved.flopsPerStep - recomputedFlopsPerStep).toBe(whole.flopsPerStep);
    const percent = Math.max(1, Math.round((100 * recomputedFlopsPerStep) / whole.flopsPerStep));
    expect(saved.warnings.at(-1)).toContain(`MiB, about ${percent} % more time; the result is the same to the bit`);
    expect(saved.estimatedSeconds).toBeGreaterThan(whole.estimatedSeconds);
    // What is explained goes by what the training takes, and not by what is done twice.
    expect(saved.explainedRows).toBe(whole.explainedRows);
    expect(whole).not.toHaveProperty("savedBytes");
    expect(whole).not.toHaveProperty("recomputedFlopsPerStep");
    const never = planOf(deep, { gradientCheckpointing: false }, { memoryBytes: whole.memoryBytes - 1 });
    expect(never.memoryBytes).toBe(whole.memoryBytes);
    expect(planOf(deep, {}, { memoryBytes: whole.memoryBytes - 1 }).savedBytes).toBeGreaterThan(0);
  });

  it("that nothing is saved where it was asked for in vain", () => {
    const vain = "gradientCheckpointing saves nothing here";
    expect(planOf({ type: "softmax" }, { gradientCheckpointing: true }).warnings.join()).toContain(vain);
    expect(planOf({ type: "softmax" }, {}).warnings.join()).not.toContain(vain);
    const useless = planOf({ type: "softmax" }, { gradientCheckpointing: true, solver: "exact" });
    expect(useless.warnings.join()).toContain("training.gradientCheckpointing changes nothing here: an exact solution");
  });

  it("that a backend of earlier versions is without effect", () => {
    const [old, now] = [planOf(deep, {}, { backend: "blas" }), planOf(deep, {})];
    expect(old.warnings).toEqual([...now.warnings, expect.stringContaining("backend blas is no longer used")]);
    expect(old).toEqual({ ...now, warnings: old.warnings });
  });
});
