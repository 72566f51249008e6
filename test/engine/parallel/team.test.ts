import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadEngineKernels } from "../../../src/engine/kernels/engine-kernels.ts";
import { findLibrary } from "../../../src/engine/kernels/native/find-library.ts";
import { levelsOf, type NativeLibrary } from "../../../src/engine/kernels/native/library.ts";
import { initialPlateau } from "../../../src/engine/optim/schedule.ts";
import { abortTeam, TeamAborted } from "../../../src/engine/parallel/barrier.ts";
import { threadsFor } from "../../../src/engine/parallel/partition.ts";
import { leadTeam } from "../../../src/engine/parallel/team.ts";
import { createTrainingMemory, dataViews } from "../../../src/engine/train/fitting/memory.ts";
import { createRowRunner } from "../../../src/engine/train/fitting/row-runner.ts";
import { createStepper } from "../../../src/engine/train/fitting/stepper.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import { compiled, digestOf, fillData, runJob, specOf } from "../train/job.ts";

const found = await findLibrary();
const libraries = "path" in found ? ((await levelsOf(found.path)) ?? []) : [];
const natives = libraries.map((level): NativeLibrary => ({ path: "path" in found ? found.path : "", level }));

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

  const shape = { trainRows: 75, validationRows: 20, testRows: 0, inputs: 7, outputs: 3 };
  const spec = specOf({ model: { type: "mlp", hidden: [20, 9], batchNorm: true, dropout: 0.3 } });

  it.skipIf(natives.length === 0)("waits for nobody who has begun nothing, with the same bits", async () => {
    const trained = async (threads: number) => {
      const resources = { ...spec.resources, threads };
      const plan = planTraining({ ...spec, resources }, shape, { flopsPerThread: 1 });
      expect(plan.threads).toBe(threads);
      const memory = createTrainingMemory(plan);
      fillData(dataViews(plan, memory), shape.inputs, shape.outputs);
      const kernels = await loadEngineKernels({ ...(await compiled), native: natives[0]! }, memory);
      const sizes = { next: () => threads, took: () => {} };
      // Its members never come: the lead takes their pieces too.
      const team = leadTeam(plan, memory, kernels, { sizes });
      const stepper = createStepper(
        plan,
        memory,
        team,
        createRowRunner(plan, memory, team, () => {}),
        undefined,
      );
      stepper.initialise();
      stepper.shuffle(0);
      for (let step = 0; step < 4; step++) stepper.run(0, step % 2, step, initialPlateau);
      return digestOf(plan, memory);
    };
    const alone = await trained(1);
    for (const threads of [2, 3, 7]) expect(await trained(threads)).toBe(alone);
  });

  it("grows and shrinks between any two runs, with the same bits", async () => {
    const { digest } = await runJob(spec, shape);
    const changes = fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }), async (wanted) => {
      let [runs, atWork] = [0, 0];
      const sizes = {
        next: () => {
          atWork = wanted[runs++ % wanted.length]!;
          return atWork;
        },
        took: () => {},
      };
      const team = await runJob(spec, shape, { threads: 4, team: { sizes } });
      expect(atWork).toBeGreaterThan(0);
      expect(team.digest).toBe(digest);
    });
    await fc.assert(changes, { numRuns: 2 });
  });

  it("has no more at work than it may have, which changes while a job runs, with the same bits", async () => {
    const asked: [number, number][] = [];
    let most = 3;
    const limit = (): number => {
      most = (most % 3) + 1;
      return most;
    };
    const sizes = {
      next: (_: number, allowed: number) => {
        asked.push([most, allowed]);
        return allowed;
      },
      took: () => {},
    };
    const { digest } = await runJob(spec, shape);
    expect((await runJob(spec, shape, { threads: 2, team: { limit, sizes } })).digest).toBe(digest);
    expect(asked.length).toBeGreaterThan(3);
    for (const [wanted, allowed] of asked) expect(allowed).toBe(Math.min(wanted, 2));
  });
});
