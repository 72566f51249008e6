import { permutation, seedWords } from "../../../kernels/philox.ts";
import { purposes } from "../../../nn/purposes.ts";
import type { SearchPlan, TrialUnits } from "../../planning/plan-search.ts";
import type { TrialRows } from "./held-out-rows.ts";

/** So many entries of a list, from its beginning again where it is too short. */
const filled = (rows: readonly number[], count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => rows[i % rows.length]!);

/** The units in the order in which they are held out: random ones, or the latest first. */
const unitsInOrder = ({ of, order }: TrialUnits, seed: number): number[] => {
  const distinct = [...new Set(of)].sort((a, b) => a - b);
  if (order === "latest") return distinct.reverse();
  const key = { ...seedWords(seed), purpose: purposes.holdOut, index: 0 };
  return Array.from(permutation(distinct.length, key), (at) => distinct[at]!);
};

/**
 * The units of one fold: of random ones those that fit beside each other into `count` rows, from the fold's place in their order on, or the smallest if none
 * does; of times the latest. One at least, and never all.
 */
const takeUnits = (
  { order }: TrialUnits,
  inOrder: readonly number[],
  rowsOf: ReadonlyMap<number, number>,
  { count, first }: { count: number; first: number },
): number[] => {
  const taken: number[] = [];
  let rows = 0;
  for (let i = 0; i < inOrder.length && taken.length < inOrder.length - 1; i++) {
    const unit = inOrder[(first + i) % inOrder.length]!;
    const own = rowsOf.get(unit)!;
    if (rows + own <= count) {
      taken.push(unit);
      rows += own;
    } else if (order === "latest") break;
  }
  if (taken.length > 0 || inOrder.length < 2) return taken;
  if (order === "latest") return inOrder.slice(0, 1);
  return [inOrder.reduce((least, unit) => (rowsOf.get(unit)! < rowsOf.get(least)! ? unit : least))];
};

/**
 * Holds out whole units, groups or times: no row of one judges a trial that has learnt from another of it. A trial's programs are made for so many rows; what the
 * units have too few of is seen again, from the first on, and what they have too many of is seen by neither side. A function of seed, units and counts alone.
 */
export const holdOutUnits = (search: SearchPlan, seed: number, fold: number, units: TrialUnits): TrialRows => {
  const rowsOf = new Map<number, number>();
  for (const unit of units.of) rowsOf.set(unit, (rowsOf.get(unit) ?? 0) + 1);
  const inOrder = unitsInOrder(units, seed);
  const first = units.order === "latest" ? 0 : Math.floor((fold * inOrder.length) / search.folds);
  const held = takeUnits(units, inOrder, rowsOf, { count: search.holdOutRows, first });
  const isHeld = new Set(held);
  const rows = Array.from(units.of.keys());
  // Of one unit alone nothing can be held out whole: its rows are on both sides.
  const holdOut = isHeld.size === 0 ? rows : rows.filter((row) => isHeld.has(units.of[row]!));
  const train = rows.filter((row) => !isHeld.has(units.of[row]!));
  return { train: filled(train, search.trainRows), holdOut: filled(holdOut, search.holdOutRows) };
};
