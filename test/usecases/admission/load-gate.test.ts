import { afterEach, describe, expect, it } from "vitest";
import type { Log } from "../../../src/domain/log.ts";
import { createLoadGate, defaultLoadLimits, type LoadGate } from "../../../src/usecases/admission/load-gate.ts";
import { quiet } from "../redis.ts";

const atOnce = { short: 2, long: 2, upload: 1 };
let gate: LoadGate;
const open = (log: Log = quiet, waitMs = 60_000) => {
  gate = createLoadGate(log, { atOnce, waiting: 3, waitMs, bodyBytes: 100 });
};
afterEach(() => gate.close());

const refusal = expect.objectContaining({ code: "overloaded", retryAfterSeconds: 1 });

/** Work that goes on until it is told to end. */
const heldWork = () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const start = (name: number) =>
    gate.run(async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      return name;
    });
  return { begun, start, endOne: () => ends.shift()?.() };
};

describe("the gate", () => {
  it("runs so many short ones at a time, lets so many wait in line, and refuses the others", async () => {
    open();
    const { begun, start, endOne } = heldWork();
    const results = [1, 2, 3, 4, 5].map(start);
    expect(gate.counts()).toMatchObject({ short: 2, waiting: 3, refused: 0 });
    expect(gate.isFull()).toBe(true);
    await expect(start(6)).rejects.toThrow(refusal);
    for (const first of results) {
      endOne();
      await first;
    }
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5]);
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    expect(gate.counts()).toMatchObject({ short: 0, waiting: 0, refused: 1 });
  });

  it("lets nobody wait longer than it may, and counts on correctly after that", async () => {
    open(quiet, 1);
    const { start, endOne } = heldWork();
    const running = [1, 2].map(start);
    await expect(start(3)).rejects.toThrow(refusal);
    expect(gate.counts()).toMatchObject({ short: 2, waiting: 0, refused: 1 });
    endOne();
    endOne();
    await Promise.all(running);
    expect(await gate.run(async () => "again")).toBe("again");
  });

  it("gives the next its turn when work fails", async () => {
    open();
    const failing = [1, 2].map(() => gate.run(() => Promise.reject(new Error("broken"))));
    const next = gate.run(async () => "next");
    for (const each of failing) await expect(each).rejects.toThrow("broken");
    expect(await next).toBe("next");
    expect(gate.counts()).toMatchObject({ short: 0, waiting: 0 });
  });

  it("lets in as many of what lasts as its limits say, and another when one has left", () => {
    open();
    for (const kind of ["long", "upload"] as const) {
      const leave = Array.from({ length: atOnce[kind] }, () => gate.enter(kind));
      expect(() => gate.enter(kind)).toThrow(refusal);
      leave[0]?.();
      leave[0]?.();
      gate.enter(kind);
      expect(() => gate.enter(kind)).toThrow(refusal);
    }
    expect(gate.counts()).toMatchObject({ long: 2, upload: 1, refused: 4 });
  });

  it("bounds the bytes of bodies", () => {
    open();
    const release = gate.reserve(60);
    expect(() => gate.reserve(41)).toThrow(refusal);
    release();
    gate.reserve(100);
    expect(() => gate.reserve(1)).toThrow(refusal);
  });

  it("writes one line for many refusals", async () => {
    const lines: object[] = [];
    const written = new Promise<void>((resolve) => {
      open({
        ...quiet,
        warn: (fields) => {
          lines.push(fields);
          resolve();
        },
      });
    });
    gate.enter("upload");
    for (let i = 0; i < 1000; i++) expect(() => gate.enter("upload")).toThrow();
    await written;
    expect(lines).toEqual([expect.objectContaining({ refused: 1000, upload: 1 })]);
  });

  it("holds by default what one process can hold", () => {
    open();
    expect(defaultLoadLimits).toEqual({
      ...{ atOnce: { short: 32, long: 1000, upload: 32 }, waiting: 256, waitMs: 250, bodyBytes: 64 * 1024 ** 2 },
    });
  });
});
