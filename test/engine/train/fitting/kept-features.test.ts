import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { BaseSpec } from "../../../../src/domain/jobs/spec/base/base-spec.ts";
import { readOnnxNetwork } from "../../../../src/formats/onnx/read-network.ts";
import { runJob, specOf } from "../job.ts";

// test/formats/onnx/networks.py made them.
const network = (name: string) =>
  readOnnxNetwork(new Uint8Array(readFileSync(new URL(`../../../data/networks/${name}.before.onnx`, import.meta.url))));

const run = (name: string, base: Partial<BaseSpec>, keepFeatures: boolean, threads = 1) => {
  const { network: description, data } = network(name);
  const inputs = description.inputs[0]!.shape.reduce((a, b) => a * b, 1);
  const spec = {
    ...specOf({ model: { type: "network" }, base, training: { epochs: 3, batchSize: 8 } }),
    network: description,
  };
  const shape = { trainRows: 37, validationRows: 9, testRows: 5, inputs, outputs: 3 };
  return runJob(spec, shape, { threads, initial: data, keepFeatures });
};

describe("a frozen trunk that is computed once for each row", () => {
  test.each<[string, Partial<BaseSpec>, number]>([
    ["mobile", { freeze: "all but the head" }, 16 * 5 * 5],
    ["mobile", { freeze: ["stem", "norm", "deep", "deepnorm", "squeeze", "excite"] }, 8 * 5 * 5],
    ["plain", { freeze: "all but the head" }, 7],
    ["plain", { freeze: ["conv1", "bn1"] }, 8 * 6 * 5],
    ["plain", { freeze: ["conv1"], frozenBatchNorm: true }, 8 * 6 * 5],
    ["former", { freeze: "all but the head" }, 8],
  ])("of %s with %o gives the bits of computing it in each step", async (name, base, width) => {
    const [kept, computed] = [await run(name, base, true), await run(name, base, false)];
    expect(kept.plan.trunk?.width).toBe(width);
    expect(computed.plan.trunk).toBeNull();
    expect(kept.digest).toBe(computed.digest);
    expect(kept.result.metrics).toEqual(computed.result.metrics);
    expect(kept.plan.flops).toBeLessThan(computed.plan.flops);
  });

  test("is the same on two threads", async () => {
    const base = { freeze: "all but the head" as const };
    expect((await run("mobile", base, true, 2)).digest).toBe((await run("mobile", base, true)).digest);
  });

  test("ends where something learns, is unfrozen later, or is normalised by batches", async () => {
    expect((await run("plain", {}, true)).plan.trunk).toBeNull();
    const unfreeze = [{ afterEpochs: 1, layers: "all" as const }];
    expect((await run("plain", { freeze: "all but the head", unfreeze }, true)).plan.trunk).toBeNull();
    expect((await run("plain", { freeze: ["conv1"] }, true)).plan.trunk?.width).toBe(8 * 6 * 5);
  });
});
