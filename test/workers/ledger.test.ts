import { describe, expect, test } from "vitest";
import { createLedger } from "../../workers/ledger.ts";

const never = new AbortController().signal;
const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol("pending");
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
};

describe("the trainer's ledger", () => {
  test("admits jobs that fit beside each other at once", async () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 });
    await ledger.admit({ memoryBytes: 60, threads: 1 }, never);
    await ledger.admit({ memoryBytes: 40, threads: 1 }, never);
    expect(ledger.used()).toEqual({ memoryBytes: 100, threads: 2 });
  });

  test("lets a job wait until memory is given back", async () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const giveBack = await ledger.admit({ memoryBytes: 60, threads: 1 }, never);
    const second = ledger.admit({ memoryBytes: 60, threads: 1 }, never);
    expect(await isPending(second)).toBe(true);
    giveBack?.();
    expect(await second).toBeTypeOf("function");
    expect(ledger.used()).toEqual({ memoryBytes: 60, threads: 1 });
  });

  test("does not let a small job overtake a large one for ever", async () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const giveBack = await ledger.admit({ memoryBytes: 50, threads: 1 }, never);
    const large = ledger.admit({ memoryBytes: 90, threads: 1 }, never);
    const small = ledger.admit({ memoryBytes: 10, threads: 1 }, never);
    expect(await isPending(small)).toBe(true);
    giveBack?.();
    await Promise.all([large, small]);
    expect(ledger.used().memoryBytes).toBe(100);
  });

  test("gives up waiting when the trainer stops, and lets the next one through", async () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    await ledger.admit({ memoryBytes: 50, threads: 1 }, never);
    const stopping = new AbortController();
    const large = ledger.admit({ memoryBytes: 90, threads: 1 }, stopping.signal);
    const small = ledger.admit({ memoryBytes: 10, threads: 1 }, never);
    stopping.abort();
    expect(await large).toBeNull();
    expect(await small).toBeTypeOf("function");
  });

  test("runs a team larger than the machine alone, and knows what can never fit", async () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 });
    expect(ledger.couldFit({ memoryBytes: 101, threads: 1 })).toBe(false);
    await ledger.admit({ memoryBytes: 1, threads: 8 }, never);
    expect(ledger.used().threads).toBe(2);
  });
});
