import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dataViews } from "../../../src/engine/train/fitting/memory.ts";
import { runJob, specOf } from "./job.ts";

const spec = specOf({
  model: {
    type: "cnn",
    layers: [
      { type: "conv2d", filters: 6, padding: "same", batchNorm: true },
      { type: "max_pool" },
      { type: "dropout", rate: 0.2 },
      { type: "dense", units: 12, activation: "gelu" },
    ],
  },
  optimizer: { type: "adam", schedule: { type: "cosine" } },
});
const shape = { trainRows: 75, validationRows: 20, testRows: 0, inputs: 64, outputs: 3 };

/** The digest that a process with these flags comes to, from the same numbers. */
const digestWith = async (flags: readonly string[], job: string): Promise<string> => {
  const script = fileURLToPath(new URL("./other-processor.mjs", import.meta.url));
  const child = spawn(process.execPath, [...flags, script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(job);
  const [digest, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  expect(code).toBe(0);
  return digest;
};

describe("the bits of the weights do not depend on how the kernels are compiled:", () => {
  const compilers = {
    "without AVX": ["--no-enable-avx", "--no-enable-avx2", "--no-enable-fma3"],
    "without SSE 4.2": ["--no-enable-sse4-2", "--no-enable-avx"],
    "by the baseline compiler": ["--liftoff-only"],
    "by the optimising compiler from the first call on": ["--no-liftoff", "--no-wasm-tier-up"],
  };
  it.each(Object.entries(compilers))("%s", async (_name, flags) => {
    const { plan, memory, digest } = await runJob(spec, shape);
    const { train, validation } = dataViews(plan, memory);
    const numbers = ({ features, labels }: typeof train) => ({ features: [...features], labels: [...(labels ?? [])] });
    const data = { train: numbers(train), validation: numbers(validation) };
    expect(await digestWith(flags, JSON.stringify({ spec, shape, data }))).toBe(digest);
  });
});
