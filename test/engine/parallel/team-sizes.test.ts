import { describe, expect, it } from "vitest";
import { createTeamSizes, type TeamSizes } from "../../../src/engine/parallel/team-sizes.ts";

/** Runs a program until it has taken so long, each run as long as `msOf` says for its size; gives the runs of each size. */
const runFor = (
  sizes: TeamSizes,
  totalMs: number,
  msOf: (size: number) => number,
  { most = 2, program = 0 }: { most?: number; program?: number } = {},
): Map<number, number> => {
  const runs = new Map<number, number>();
  for (let ms = 0; ms < totalMs; ) {
    const size = sizes.next(program, most);
    if (size < 1 || size > most) throw new Error(`${size} of ${most} are to work`);
    runs.set(size, (runs.get(size) ?? 0) + 1);
    const took = msOf(size);
    sizes.took(program, took);
    ms += took;
  }
  return runs;
};
const shareOf = (runs: Map<number, number>, size: number): number =>
  (runs.get(size) ?? 0) / [...runs.values()].reduce((sum, count) => sum + count, 0);

/** What a core is worth: nothing beyond the first, all of it, or less than nothing. */
const useless = (): number => 1;
const shared = (size: number): number => 1 / size;
const crowded = (size: number): number => (size === 1 ? 1 : 10);

describe("the size of a team", () => {
  it("stays what is fastest, and trying the other costs a few hundredths", () => {
    const ideal = 10_000 / shared(2);
    const done = [...runFor(createTeamSizes(), 10_000, shared).values()].reduce((sum, count) => sum + count, 0);
    expect(done).toBeGreaterThan(0.97 * ideal);
  });

  it.each([0.05, 0.3, 7, 120])("becomes one where two are slower, soon, with runs of %s ms", (unit) => {
    const sizes = createTeamSizes();
    runFor(sizes, 150 * unit + 200, (size) => unit * crowded(size));
    const later = runFor(sizes, 5000 * Math.max(1, unit), (size) => unit * crowded(size));
    // Of the runs; each of two threads takes ten times as long.
    expect(10 * (1 - shareOf(later, 1))).toBeLessThan(0.1);
  });

  it("becomes less when cores are taken, and more when they are given back", () => {
    const sizes = createTeamSizes();
    runFor(sizes, 10_000, shared);
    runFor(sizes, 500, crowded);
    expect(shareOf(runFor(sizes, 20_000, crowded), 1)).toBeGreaterThan(0.98);
    runFor(sizes, 5000, shared);
    expect(shareOf(runFor(sizes, 10_000, shared), 2)).toBeGreaterThan(0.95);
  });

  it("goes down and up among many, step by step", () => {
    const sizes = createTeamSizes();
    const best = (wanted: number) => (size: number) => 1 + Math.abs(size - wanted);
    runFor(sizes, 5000, best(3), { most: 8 });
    expect(shareOf(runFor(sizes, 10_000, best(3), { most: 8 }), 3)).toBeGreaterThan(0.95);
    runFor(sizes, 20_000, best(7), { most: 8 });
    expect(shareOf(runFor(sizes, 10_000, best(7), { most: 8 }), 7)).toBeGreaterThan(0.95);
  });

  it("is one where the second thread gains nothing", () => {
    const sizes = createTeamSizes();
    runFor(sizes, 1000, useless);
    expect(shareOf(runFor(sizes, 20_000, useless), 1)).toBeGreaterThan(0.9);
  });

  it("is not fixed by a pause that met one of them by chance", () => {
    const sizes = createTeamSizes();
    let runs = 0;
    // Every hundredth run waits for its processor; two threads are a third slower.
    const busy = (size: number): number => 0.1 * (size === 1 ? 1 : 1.35) + (++runs % 97 === 0 ? 4 : 0);
    runFor(sizes, 3000, busy);
    expect(shareOf(runFor(sizes, 20_000, busy), 1)).toBeGreaterThan(0.85);
  });

  it("is found for each program by itself, and anew when more or fewer may be at work", () => {
    const sizes = createTeamSizes();
    runFor(sizes, 5000, crowded, { program: 3 });
    runFor(sizes, 5000, shared, { program: 1 });
    expect([sizes.next(3, 2), sizes.next(1, 2), sizes.next(0, 2)]).toEqual([1, 2, 2]);
    expect([sizes.next(1, 1), sizes.next(3, 4)]).toEqual([1, 4]);
  });
});
