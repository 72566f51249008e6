import { afterEach, describe, expect, it } from "vitest";
import type { Log } from "../../src/domain/log.ts";
import { createLoadGate, defaultLoadLimits, type LoadGate, underGate } from "../../src/usecases/load-gate.ts";
import { quiet } from "./redis.ts";

const atOnce = { short: 4, long: 2, upload: 1 };
let gate: LoadGate;
const open = (log: Log = quiet, turnMs = 60_000) => {
  gate = createLoadGate(log, { atOnce, bodyBytes: 100, turnMs });
  return gate;
};
afterEach(() => gate.close());

const refusal = expect.objectContaining({ code: "overloaded", retryAfterSeconds: 1 });

describe("the gate", () => {
  it("lets in as many of each kind as its limits say, and another when one has left", () => {
    open();
    for (const kind of ["short", "long", "upload"] as const) {
      const leave = Array.from({ length: atOnce[kind] }, () => gate.enter(kind));
      expect(() => gate.enter(kind)).toThrow(refusal);
      leave[0]?.();
      leave[0]?.();
      gate.enter(kind);
      expect(() => gate.enter(kind)).toThrow(refusal);
    }
    expect(gate.counts()).toMatchObject({ ...atOnce, refused: 6 });
  });

  it("bounds the bytes of bodies", () => {
    open();
    const release = gate.reserve(60);
    expect(() => gate.reserve(41)).toThrow(refusal);
    release();
    gate.reserve(100);
    expect(() => gate.reserve(1)).toThrow(refusal);
  });

  it("counts a short one until its end, however it ends", async () => {
    open();
    await underGate(gate, async () => expect(gate.counts().short).toBe(1));
    await expect(underGate(gate, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(gate.counts().short).toBe(0);
  });

  it("takes on nothing new in a turn of the event loop that lasts long already, unless little is under way", () => {
    open(quiet, 50);
    const busyFor = (ms: number): void => {
      const endMs = performance.now() + ms;
      while (performance.now() < endMs);
    };
    busyFor(100);
    expect(gate.isFull()).toBe(false);
    gate.enter("short");
    expect(gate.isFull()).toBe(true);
    expect(() => gate.enter("short")).toThrow(refusal);
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
    expect(defaultLoadLimits.bodyBytes).toBeLessThanOrEqual(64 * 1024 ** 2);
    expect(defaultLoadLimits.atOnce).toEqual({ short: 128, long: 1000, upload: 32 });
  });
});
