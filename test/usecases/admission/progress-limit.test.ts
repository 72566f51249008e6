import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { type Pace, withProgressLimit } from "../../../src/usecases/admission/progress-limit.ts";

const collect = async (source: PassThrough, pace: Pace): Promise<string> => {
  let text = "";
  for await (const chunk of withProgressLimit<Buffer>(source, ({ length }) => length, pace)) text += chunk.toString();
  return text;
};

it("passes everything on, and counts only the silence of the source", async () => {
  const source = new PassThrough();
  const collected = collect(source, { idleMs: 200, leastBytes: 1 });
  for (const part of ["a", "b", "c"]) {
    source.write(part);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  source.end();
  expect(await collected).toBe("abc");
});

it("cuts a source that makes no progress, and leaves it readable for whoever discards the rest", async () => {
  const source = new PassThrough();
  source.write("a");
  await expect(collect(source, { idleMs: 50, leastBytes: 1 })).rejects.toMatchObject({ code: "timed_out" });
  expect(source.destroyed).toBe(false);
  const rest = new Promise((resolve) => source.on("data", resolve));
  source.resume();
  source.write("b");
  source.write("c");
  await rest;
});

it("cuts a source that only drips, though it is never silent for long", async () => {
  const source = new PassThrough();
  const drip = setInterval(() => source.write("a"), 20);
  try {
    const collected = collect(source, { idleMs: 500, leastBytes: 1000 });
    await expect(collected).rejects.toMatchObject({
      code: "timed_out",
      message: expect.stringContaining("at least 1000"),
    });
  } finally {
    clearInterval(drip);
  }
});
