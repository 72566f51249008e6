import { afterEach, describe, expect, it } from "vitest";
import type { Party } from "../../../src/domain/fairness/shares.ts";
import type { Log } from "../../../src/domain/log.ts";
import { createLoadGate, defaultLoadLimits, type LoadGate } from "../../../src/usecases/admission/load-gate.ts";
import { quiet } from "../redis.ts";

const atOnce = { short: 2, long: 2, upload: 1 };
const anyone = { tenant: "default", key: null };
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
    gate.run(anyone, async () => {
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
    expect(await gate.run(anyone, async () => "again")).toBe("again");
  });

  it("gives the next its turn when work fails", async () => {
    open();
    const failing = [1, 2].map(() => gate.run(anyone, () => Promise.reject(new Error("broken"))));
    const next = gate.run(anyone, async () => "next");
    for (const each of failing) await expect(each).rejects.toThrow("broken");
    expect(await next).toBe("next");
    expect(gate.counts()).toMatchObject({ short: 0, waiting: 0 });
  });

  it("lets in as many of what lasts as its limits say, and another when one has left", () => {
    open();
    for (const kind of ["long", "upload"] as const) {
      const leave = Array.from({ length: atOnce[kind] }, () => gate.enter(kind, anyone));
      expect(() => gate.enter(kind, anyone)).toThrow(refusal);
      leave[0]?.();
      leave[0]?.();
      gate.enter(kind, anyone);
      expect(() => gate.enter(kind, anyone)).toThrow(refusal);
    }
    expect(gate.counts()).toMatchObject({ long: 2, upload: 1, refused: 4 });
  });

  it("bounds the bytes of bodies", () => {
    open();
    const [first, second] = [gate.hold(anyone), gate.hold(anyone)];
    first.add(30);
    first.add(30);
    expect(() => second.add(41)).toThrow(refusal);
    first.release();
    second.add(100);
    expect(() => first.add(1)).toThrow(refusal);
    first.release();
    expect(gate.counts().bodyBytes).toBe(100);
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
    gate.enter("upload", anyone);
    for (let i = 0; i < 1000; i++) expect(() => gate.enter("upload", anyone)).toThrow();
    await written;
    expect(lines).toEqual([expect.objectContaining({ refused: 1000, upload: 1 })]);
  });

  it("leaves room for another tenant and another key, however much one asks for", async () => {
    gate = createLoadGate(quiet, {
      ...{ atOnce: { short: 8, long: 8, upload: 8 }, waiting: 8, waitMs: 60_000, bodyBytes: 800 },
    });
    const [greedy, colleague, other] = ["greedy/a", "greedy/b", "other/a"].map((name) => {
      const [tenant = "", key = ""] = name.split("/");
      return { tenant, key };
    }) as [Party, Party, Party];
    const ends: (() => void)[] = [];
    const hold = (party: Party) => gate.run(party, () => new Promise<void>((resolve) => ends.push(resolve)));
    const held = Array.from({ length: 100 }, () => hold(greedy));
    const settled = Promise.allSettled(held);
    expect(gate.counts()).toMatchObject({ short: 3, waiting: 3, refused: 94 });
    expect(await gate.run(colleague, async () => "served")).toBe("served");
    expect(await gate.run(other, async () => "served")).toBe("served");
    for (const kind of ["long", "upload"] as const) {
      const entered = Array.from({ length: 100 }, () => {
        try {
          return gate.enter(kind, greedy);
        } catch {
          return null;
        }
      });
      expect(entered.filter((each) => each !== null)).toHaveLength(3);
      gate.enter(kind, colleague);
      gate.enter(kind, other);
    }
    const body = gate.hold(greedy);
    body.add(300);
    expect(() => body.add(1)).toThrow(refusal);
    gate.hold(colleague).add(50);
    gate.hold(other).add(150);
    while ((await Promise.race([settled, Promise.resolve(null)])) === null) ends.shift()?.();
    expect(gate.counts()).toMatchObject({ short: 0, waiting: 0 });
  });

  it("holds by default what one process can hold", () => {
    open();
    expect(defaultLoadLimits).toEqual({
      ...{ atOnce: { short: 32, long: 1000, upload: 32 }, waiting: 256, waitMs: 250, bodyBytes: 64 * 1024 ** 2 },
    });
  });
});
