import { describe, expect, it } from "vitest";
import { JobSpec, type ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { planSpec } from "../../workers/planning/plan-spec.ts";

const shape = { trainRows: 100, validationRows: 0, testRows: 0, inputs: 4, outputs: 3 };
const spec = (backend: "wasm" | "blas", type: "mlp" | "k_means" = "mlp"): ResolvedJobSpec =>
  JobSpec.parse({
    name: "test",
    dataset: "ds_00000000000000000000000000",
    task: type === "mlp" ? { type: "classification", label: "y" } : { type: "clustering" },
    model: { type },
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam", learningRate: 0.01 },
    training: { epochs: 5, batchSize: 16, earlyStopping: false, l2: 0, split: { validation: 0, test: 0 } },
    resources: { threads: 1, backend },
  }) as ResolvedJobSpec;

describe("a job's backend", () => {
  it("is refused as unprocessable where it is BLAS and there is none, with a pointer", () => {
    expect(() => planSpec(null, spec("blas"), shape)).toThrow(
      expect.objectContaining({
        code: "unprocessable",
        errors: [{ pointer: "/resources/backend", detail: expect.stringContaining("OpenBLAS") }],
      }),
    );
  });

  it("is in the plan, with library, version and core type", () => {
    const blas = { library: "libopenblas.so.0", version: "0.3.21", coreType: "SkylakeX" };
    expect(planSpec(blas, spec("blas"), shape).backend).toBe("blas: libopenblas.so.0 0.3.21, SkylakeX kernels");
    expect(planSpec(blas, spec("wasm"), shape).backend).toBe("wasm");
  });

  it("is not BLAS for clusters, which no library computes, whatever is asked for", () => {
    expect(planSpec(null, spec("blas", "k_means"), shape).backend).toBe("wasm");
  });
});
