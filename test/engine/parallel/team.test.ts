import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { loadEngineKernels } from "../../../src/engine/kernels/engine-kernels.ts";
import { abortTeam, TeamAborted } from "../../../src/engine/parallel/barrier.ts";
import { threadsFor } from "../../../src/engine/parallel/partition.ts";
import { leadTeam } from "../../../src/engine/parallel/team.ts";
import { createTrainingMemory } from "../../../src/engine/train/fitting/memory.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import { compiled, specOf } from "../train/job.ts";

describe("a team", () => {
  it("has one thread for a plan too small to gain from more", () => {
    expect(threadsFor(12_000, 4)).toBe(1);
    expect(threadsFor(5e8, 4)).toBe(4);
    const shape = { trainRows: 100, validationRows: 0, testRows: 0, inputs: 4, outputs: 3 };
    const spec = specOf({ model: { type: "mlp", hidden: [16] } });
    const made = planTraining({ ...spec, resources: { ...spec.resources, threads: 4 } }, shape);
    expect(made.threads).toBe(1);
    expect(made.warnings.join()).toContain("too small to gain from 4 threads");
  });

  it("is released from its wait when it is given up", async () => {
    const spec = specOf({ model: { type: "mlp", hidden: [16] } });
    const shape = { trainRows: 100, validationRows: 0, testRows: 0, inputs: 4, outputs: 3 };
    const plan = planTraining({ ...spec, resources: { ...spec.resources, threads: 2 } }, shape, { flopsPerThread: 1 });
    const memory = createTrainingMemory(plan);
    const kernels = await loadEngineKernels(await compiled, memory);
    // The second member never comes; another thread sees that and gives the team up while the lead waits.
    const source = `const { workerData, parentPort } = require("node:worker_threads");
      import(workerData.barrier).then(({ abortTeam }) => setTimeout(() => abortTeam(workerData.memory.buffer, workerData.offset), 100));`;
    const barrier = new URL("../../../dist/src/engine/parallel/barrier.js", import.meta.url).href;
    const worker = new Worker(source, { eval: true, workerData: { memory, offset: plan.syncOffset, barrier } });
    expect(() => leadTeam(plan, memory, kernels).run(plan.programIndex.stages[0]!.step[0]!.program)).toThrow(
      TeamAborted,
    );
    await worker.terminate();
    abortTeam(memory.buffer, plan.syncOffset);
    expect(() => leadTeam(plan, memory, kernels).dismiss()).toThrow(TeamAborted);
  });
});
