import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLedger } from "../../../workers/trainer/ledger.ts";

const admitted = expect.objectContaining({ giveBack: expect.any(Function) });

describe("the trainer's ledger", () => {
  test("admits jobs that fit beside each other", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 });
    expect(ledger.admit({ memoryBytes: 60, threads: 1 })).toEqual(admitted);
    expect(ledger.admit({ memoryBytes: 40, threads: 1 })).toEqual(admitted);
    expect(ledger.used()).toEqual({ memoryBytes: 100, threads: 2 });
  });

  test.each([
    { what: "memory", total: { memoryBytes: 100, threads: 4 }, need: { memoryBytes: 60, threads: 1 } },
    { what: "a core", total: { memoryBytes: 100, threads: 1 }, need: { memoryBytes: 1, threads: 1 } },
  ])("refuses what there is no $what for, and tells when there is room again", async ({ total, need }) => {
    const ledger = createLedger(total);
    const place = ledger.admit({ memoryBytes: 60, threads: 1 });
    expect(ledger.admit(need)).toBeNull();
    let told = false;
    const room = ledger.room().then(() => {
      told = true;
    });
    await Promise.resolve();
    expect(told).toBe(false);
    place?.giveBack();
    await room;
    expect(ledger.admit(need)).toEqual(admitted);
    expect(ledger.used()).toEqual(need);
  });

  test("does not let a small job overtake a large one that was refused", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const place = ledger.admit({ memoryBytes: 50, threads: 1 });
    expect(ledger.admit({ memoryBytes: 90, threads: 1 })).toBeNull();
    expect(ledger.admit({ memoryBytes: 10, threads: 1 })).toBeNull();
    place?.giveBack();
    expect(ledger.admit({ memoryBytes: 90, threads: 1 })).toEqual(admitted);
    expect(ledger.admit({ memoryBytes: 10, threads: 1 })).toEqual(admitted);
    expect(ledger.used().memoryBytes).toBe(100);
  });

  test("knows what can never fit", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 });
    expect(ledger.couldFit({ memoryBytes: 101, threads: 1 })).toBe(false);
    expect(ledger.couldFit({ memoryBytes: 1, threads: 8 })).toBe(true);
  });

  test("takes cores from a team for a job that comes, and gives them back when one ends", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 3 }, 0);
    const [shares, laterShares]: [number[], number[]] = [[], []];
    const first = ledger.admit({ memoryBytes: 1, threads: 8 })!;
    first.onShare((cores) => shares.push(cores));
    const second = ledger.admit({ memoryBytes: 1, threads: 3 })!;
    second.onShare((cores) => laterShares.push(cores));
    const third = ledger.admit({ memoryBytes: 1, threads: 1 })!;
    expect(ledger.used().threads).toBe(3);
    first.giveBack();
    third.giveBack();
    expect(shares).toEqual([3, 2, 1]);
    expect(laterShares).toEqual([1, 2, 3]);
  });

  test("lets other trainers go first before a team gives up a core, then takes whoever comes", async () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 2 }, 5);
    const team = { memoryBytes: 1, threads: 2 };
    ledger.admit(team);
    expect(ledger.admit(team)).toBeNull();
    expect(ledger.admit({ ...team, threads: 1 })).toBeNull();
    await ledger.room();
    expect(ledger.admit({ ...team, threads: 1 })).toEqual(admitted);
    expect(ledger.shares()).toEqual([1, 1]);
  });

  test("gives each job a core and none more than it wants, and leaves none idle that is wanted", () => {
    const wishes = fc.record({
      cores: fc.integer({ min: 1, max: 9 }),
      threads: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 9 }),
    });
    fc.assert(
      fc.property(wishes, ({ cores, threads }) => {
        const ledger = createLedger({ memoryBytes: 100, threads: cores }, 0);
        const shares = threads.slice(0, cores).map((wanted) => {
          const own = { wanted, cores: 0 };
          ledger.admit({ memoryBytes: 1, threads: wanted })!.onShare((share) => {
            own.cores = share;
          });
          return own;
        });
        for (const own of shares) expect(own.cores >= 1 && own.cores <= own.wanted).toBe(true);
        const all = shares.reduce((sum, own) => sum + own.wanted, 0);
        expect(ledger.used().threads).toBe(Math.min(cores, all));
        expect(ledger.used().threads).toBe(shares.reduce((sum, own) => sum + own.cores, 0));
        const unsated = shares.filter((own) => own.cores < own.wanted).map((own) => own.cores);
        if (unsated.length > 0)
          expect(Math.max(...shares.map((own) => own.cores)) - Math.min(...unsated)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("runs a suspect with nothing beside it, before or after", () => {
    const ledger = createLedger({ memoryBytes: 100, threads: 4 });
    const small = { memoryBytes: 10, threads: 1 };
    const place = ledger.admit(small);
    expect(ledger.admit({ ...small, alone: true })).toBeNull();
    place?.giveBack();
    const alone = ledger.admit({ ...small, alone: true });
    expect(alone).toEqual(admitted);
    expect(ledger.admit(small)).toBeNull();
    alone?.giveBack();
    expect(ledger.admit(small)).toEqual(admitted);
    expect(ledger.admit(small)).toEqual(admitted);
  });

  test("takes back each place once", () => {
    const place = createLedger({ memoryBytes: 100, threads: 2 }).admit({ memoryBytes: 1, threads: 1 });
    place?.giveBack();
    expect(() => place?.giveBack()).toThrow("once");
  });
});
