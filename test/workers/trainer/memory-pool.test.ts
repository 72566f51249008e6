import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findReleasePages } from "../../../workers/engine/release-pages.ts";
import { createMemoryPool } from "../../../workers/trainer/memory-pool.ts";

const page = 65_536;
const budget = 1024 * page;
const bytesOf = (memory: WebAssembly.Memory): Uint8Array => new Uint8Array(memory.buffer);
const residentOfProcess = (): number =>
  1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

describe.each([
  { what: "with pages that the system takes back", release: await findReleasePages() },
  { what: "without", release: null },
])("the memories of a trainer's jobs, $what", ({ release }) => {
  test("are used again, all zero, and grow for a larger job", () => {
    const pool = createMemoryPool(budget, release);
    const first = pool.take(4 * page);
    bytesOf(first).fill(7);
    pool.giveBack(first);
    const again = pool.take(3 * page);
    expect(again).toBe(first);
    expect(
      bytesOf(again)
        .subarray(0, 3 * page)
        .every((byte) => byte === 0),
    ).toBe(true);
    bytesOf(again).fill(7);
    pool.giveBack(again);
    const grown = pool.take(9 * page);
    expect(grown).toBe(first);
    expect(bytesOf(grown)).toHaveLength(9 * page);
    expect(bytesOf(grown).every((byte) => byte === 0)).toBe(true);
  });

  test("are each one job's at a time, and counted", () => {
    const pool = createMemoryPool(budget, release);
    const [a, b] = [pool.take(4 * page), pool.take(4 * page)];
    expect(a).not.toBe(b);
    expect(pool.residentBytes()).toBe(8 * page);
    pool.giveBack(a);
    expect(pool.residentBytes()).toBe(release === null ? 8 * page : 4 * page);
    expect(() => pool.giveBack(a)).toThrow("once");
  });

  test("stay within the budget, whatever sizes come after each other", () => {
    const pool = createMemoryPool(budget, release);
    for (const pages of [1000, 10, 500, 510, 20, 1000, 300, 1024]) {
      const memory = pool.take(pages * page);
      expect(pool.residentBytes()).toBeLessThanOrEqual(budget);
      if (pages > 900) pool.giveBack(memory);
      else {
        const beside = pool.take((1024 - pages) * page);
        expect(pool.residentBytes()).toBeLessThanOrEqual(budget + (release === null ? budget : 0));
        pool.giveBack(memory);
        pool.giveBack(beside);
      }
    }
  });
});

test.runIf(process.platform === "linux")("idle memories hold no pages of the machine", async () => {
  const pool = createMemoryPool(budget, await findReleasePages());
  const memory = pool.take(budget);
  bytesOf(memory).fill(7);
  const atWork = residentOfProcess();
  pool.giveBack(memory);
  expect(atWork - residentOfProcess()).toBeGreaterThan(0.8 * budget);
});
