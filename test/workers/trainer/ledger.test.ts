import { describe, expect, test } from "vitest";
import { createLedger } from "../../../workers/trainer/ledger.ts";

describe("the trainer's ledger", () => {
  test("admits jobs that fit beside each other", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 });
    expect(ledger.admit({ memoryBytes: 60, threads: 1 })).toBeTypeOf("function");
    expect(ledger.admit({ memoryBytes: 40, threads: 1 })).toBeTypeOf("function");
    expect(ledger.used()).toEqual({ memoryBytes: 100, threads: 2 });
  });

  test.each([
    { memoryBytes: 60, threads: 1 },
    { memoryBytes: 1, threads: 4 },
  ])("refuses what does not fit, and tells when there is room again: %j", async (need) => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const giveBack = ledger.admit({ memoryBytes: 60, threads: 1 });
    expect(ledger.admit(need)).toBeNull();
    let told = false;
    const room = ledger.room().then(() => {
      told = true;
    });
    await Promise.resolve();
    expect(told).toBe(false);
    giveBack?.();
    await room;
    expect(ledger.admit(need)).toBeTypeOf("function");
    expect(ledger.used()).toEqual(need);
  });

  test("does not let a small job overtake a large one that was refused", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const giveBack = ledger.admit({ memoryBytes: 50, threads: 1 });
    expect(ledger.admit({ memoryBytes: 90, threads: 1 })).toBeNull();
    expect(ledger.admit({ memoryBytes: 10, threads: 1 })).toBeNull();
    giveBack?.();
    expect(ledger.admit({ memoryBytes: 90, threads: 1 })).toBeTypeOf("function");
    expect(ledger.admit({ memoryBytes: 10, threads: 1 })).toBeTypeOf("function");
    expect(ledger.used().memoryBytes).toBe(100);
  });

  test("runs a team larger than the machine alone, and knows what can never fit", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 });
    expect(ledger.couldFit({ memoryBytes: 101, threads: 1 })).toBe(false);
    expect(ledger.admit({ memoryBytes: 1, threads: 8 })).toBeTypeOf("function");
    expect(ledger.used().threads).toBe(2);
  });

  test("runs a suspect with nothing beside it, before or after", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const small = { memoryBytes: 10, threads: 1 };
    const giveBack = ledger.admit(small);
    expect(ledger.admit({ ...small, alone: true })).toBeNull();
    giveBack?.();
    const alone = ledger.admit({ ...small, alone: true });
    expect(alone).toBeTypeOf("function");
    expect(ledger.admit(small)).toBeNull();
    alone?.();
    expect(ledger.admit(small)).toBeTypeOf("function");
    expect(ledger.admit(small)).toBeTypeOf("function");
  });

  test("takes back each place once", () => {
    const giveBack = createLedger({ memoryBytes: 100, threads: 2 }).admit({ memoryBytes: 1, threads: 1 });
    giveBack?.();
    expect(() => giveBack?.()).toThrow("once");
  });
});
