import { describe, expect, it, test } from "vitest";
import { createTrainingMemory } from "../../../src/engine/train/fitting/memory.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import { awaitReader, closeRing, createRingLead } from "../../../src/engine/train/ring/ring-lead.ts";
import { createRingReader } from "../../../src/engine/train/ring/ring-reader.ts";
import { runJob, specOf } from "./job.ts";

const shape = { trainRows: 75, trialRows: 64, validationRows: 21, testRows: 9, inputs: 16, outputs: 3 };
const convolutional = {
  type: "cnn",
  layers: [
    { type: "conv2d", filters: 4, padding: "same", batchNorm: true },
    { type: "max_pool" },
    { type: "dropout", rate: 0.2 },
    { type: "dense", units: 9 },
  ],
};
const searched = { l2: 1e-2, penaltySearch: { holdOut: 0.2, folds: 2, factors: [0.25, 1, 4] } };
const jobs = {
  "a perceptron": specOf({ model: { type: "mlp", hidden: [12, 7], batchNorm: true } }),
  "a convolutional network that stops early": specOf({
    model: convolutional,
    training: { epochs: 5, earlyStopping: { metric: "loss", patience: 1, minimumChange: 0, restoreBest: true } },
  }),
  "parts of batches": specOf({ model: { type: "mlp", hidden: [12] }, training: { microBatch: 5 } }),
  "a search for the penalty": specOf({ model: { type: "mlp", hidden: [8] }, training: searched }),
};
/** As many as a program takes at once: reading and computing take turns; and a few more, so that every place of the ring is a batch's first. */
const ringRows = [75, 76, 91];

describe("rows that come through a ring", () => {
  for (const [name, spec] of Object.entries(jobs)) {
    it(`give the bits and the metrics of rows in memory: ${name}`, async () => {
      const held = await runJob(spec, shape);
      expect(held.plan.ring).toBeNull();
      for (const [i, rows] of ringRows.entries()) {
        const streamed = await runJob(spec, shape, { ringRows: rows, threads: 1 + i });
        expect(streamed.plan.ring?.rows).toBe(rows);
        expect(streamed.plan.memoryBytes).toBe(streamed.memory.buffer.byteLength);
        expect(streamed.digest).toBe(held.digest);
        expect(streamed.result.metrics).toEqual(held.result.metrics);
      }
    });
  }

  it("do not depend on being cut and resumed, in either way, nor on four threads", async () => {
    const spec = jobs["a convolutional network that stops early"];
    const held = await runJob(spec, shape);
    for (const [before, after] of [
      [{ ringRows: 80, threads: 4 }, {}],
      [{}, { ringRows: 80, threads: 2 }],
    ]) {
      const cut = await runJob(spec, shape, { ...before, stopAfterSteps: 7 });
      expect(cut.result.outcome).toBe("paused");
      const resumed = await runJob(spec, shape, { ...after, resume: cut.result.state });
      expect(resumed.digest).toBe(held.digest);
      expect(resumed.result.metrics).toEqual(held.result.metrics);
    }
  });
});

describe("the planner", () => {
  const spec = (memoryBytes: number) => {
    const own = specOf({ model: { type: "mlp", hidden: [4] } });
    return { ...own, resources: { ...own.resources, memoryBytes } };
  };
  const many = { trainRows: 20_000, validationRows: 2000, testRows: 2000, inputs: 3000, outputs: 3 };
  const held = planTraining(spec(3 * 1024 ** 3), many).memoryBytes;

  test("lets rows lie in memory where they fit, or where they cannot be read one by one", () => {
    expect(planTraining(spec(held), { ...many, streams: true }).ring).toBeNull();
    expect(planTraining(spec(held - 1), many)).toMatchObject({ ring: null, memoryBytes: held });
  });

  test("else takes a ring: three of the largest batches where there is room, and what there is room for where not", () => {
    const streamed = (memoryBytes: number) => planTraining(spec(memoryBytes), { ...many, streams: true });
    const roomy = streamed(held - 1);
    expect(roomy.ring?.rows).toBe(3 * 256);
    expect(roomy.memoryBytes).toBeLessThan(20 * 1024 ** 2);
    const tight = streamed(roomy.memoryBytes - 2 ** 20);
    expect(tight.memoryBytes).toBeLessThanOrEqual(roomy.memoryBytes - 2 ** 20);
    expect(tight.ring?.rows).toBeGreaterThan(256);
    expect(tight.ring?.rows).toBeLessThan(3 * 256);
    // Too little for any: the plan says how much it would be.
    expect(streamed(2 ** 20)).toMatchObject({ ring: { rows: 256 } });
  });

  test("chooses the same with what it was admitted with, whatever the trainer's threads", () => {
    const planned = (threads: number, memoryBytes: number) => {
      const own = spec(memoryBytes);
      const wide = { ...own, resources: { ...own.resources, threads } };
      return planTraining(wide, { ...many, streams: true }, { flopsPerThread: 1 });
    };
    const four = planned(4, held);
    expect(four.ring).not.toBeNull();
    const one = planned(1, Math.min(held, four.memoryBytes));
    expect(one.ring).not.toBeNull();
    expect(one.memoryBytes).toBeLessThanOrEqual(four.memoryBytes);
  });
});

test("the memory of a closed ring is free once its reader has left, however late it comes", () => {
  const plan = planTraining(specOf({ model: { type: "mlp", hidden: [4] } }), shape, { ringRows: 80 });
  const memory = createTrainingMemory(plan);
  closeRing(plan.ring!, memory);
  let asked = 0;
  awaitReader(plan.ring!, memory, () => {
    asked += 1;
    if (asked < 3) return true;
    const late = createRingReader(plan.ring!, memory);
    expect(late.next(1)).toBeNull();
    late.leave();
    return true;
  });
  expect(asked).toBe(3);
  // Nor is it waited for where the memory is nobody's afterwards.
  const other = createTrainingMemory(plan);
  closeRing(plan.ring!, other);
  awaitReader(plan.ring!, other, () => false);
});

test("a reader's error ends the lead's wait, as it was said", () => {
  const spec = specOf({ model: { type: "mlp", hidden: [4] } });
  const plan = planTraining(spec, shape, { ringRows: 80 });
  const memory = createTrainingMemory(plan);
  const lead = createRingLead(plan.ring!, memory, () => {});
  const wanted = {
    split: "train",
    orderOffset: plan.layout.identityOffset,
    first: 0,
    rows: 4,
    end: 9,
    epoch: null,
  } as const;
  createRingReader(plan.ring!, memory).fail("corrupt", `"${"ß".repeat(5000)}`);
  expect(() => lead.take(wanted)).toThrow(
    expect.objectContaining({ code: "corrupt", message: expect.stringMatching(/^"ß{200}/) }),
  );
});
