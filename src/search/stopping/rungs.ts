import { powInteger64 } from "../../engine/kernels/math64.ts";
import { createDraws, drawPurposes, pick } from "../draws.ts";

/** How trials are stopped early: where they pause to be compared, and who goes on. */
export type Pruner =
  | { type: "none" }
  /** `minEpochs` at the lowest rung of the first bracket. */
  | { type: "asha"; minEpochs: number; reduction: number; brackets: number }
  /** Compared every `everyEpochs`. */
  | { type: "median"; everyEpochs: number; startTrials: number }
  /** Compared after each fold or seed, from this one on. */
  | { type: "racing"; first: number };

/** A trial as far as it has come. Values fall towards the better. */
export interface Course {
  readonly number: number;
  /** As bracketOf drew it. */
  readonly bracket: number;
  /** At each rung so far, the lowest first. */
  readonly reached: readonly { readonly epochs: number; readonly value: number }[];
  /** `waiting` at the last rung that it reached; `running`; or ended with this value, or without one. */
  readonly state: "waiting" | "running" | "ended";
  readonly value: number | null;
}

/** The bracket of a trial: bracket s starts s rungs higher, and is as likely as its trials are cheaper, so that each bracket costs about the same. */
export const bracketOf = (pruner: Pruner, seed: number, number: number): number => {
  if (pruner.type !== "asha" || pruner.brackets === 1) return 0;
  const weights = Array.from({ length: pruner.brackets }, (_, s) => 1 / powInteger64(pruner.reduction, s));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return pick(createDraws(seed, drawPurposes.bracket, number), weights, total);
};

/** Epochs of the rungs of a trial, all below `epochs`, at which it ends. Of racing the number of folds, the last of `epochs` too: there its scores are read. */
export const rungsOf = (pruner: Pruner, epochs: number, bracket: number): number[] => {
  const rungs: number[] = [];
  if (pruner.type === "none") return rungs;
  if (pruner.type === "racing") {
    for (let at = pruner.first; at <= epochs; at++) rungs.push(at);
    return rungs;
  }
  if (pruner.type === "median") {
    for (let at = pruner.everyEpochs; at < epochs; at += pruner.everyEpochs) rungs.push(at);
    return rungs;
  }
  let at = pruner.minEpochs;
  for (let s = 0; s < bracket; s++) at *= pruner.reduction;
  for (; at < epochs; at *= pruner.reduction) rungs.push(at);
  return rungs;
};

/** A trial's value at a rung; one that ended before it, as early stopping had it, has the value that it ended with. */
const valueAt = ({ reached, state, value }: Course, epochs: number): number | null =>
  reached.find((rung) => rung.epochs === epochs)?.value ??
  (state === "ended" && (reached.at(-1)?.epochs ?? 0) < epochs ? value : null);

const best = (a: { value: number; number: number }, b: { value: number; number: number }): number =>
  a.value - b.value || a.number - b.number;

/**
 * ASHA (Li et al. 2020, algorithm 2): of the n trials that have come to a rung those may go on that are among its best ⌊n / reduction⌋; the highest rung is
 * looked at first.
 */
const ashaNext = (
  pruner: Extract<Pruner, { type: "asha" }>,
  courses: readonly Course[],
  epochs: number,
): Course | null => {
  for (let bracket = 0; bracket < pruner.brackets; bracket++) {
    const here = courses.filter((course) => course.bracket === bracket);
    for (const rung of rungsOf(pruner, epochs, bracket).toReversed()) {
      const there = here.flatMap((course) => {
        const value = valueAt(course, rung);
        return value === null ? [] : [{ course, value, number: course.number }];
      });
      let first: (typeof there)[number] | null = null;
      for (const each of there) {
        const { state, reached } = each.course;
        if (state !== "waiting" || reached.at(-1)?.epochs !== rung) continue;
        if (first === null || best(each, first) < 0) first = each;
      }
      if (first === null) continue;
      let better = 0;
      for (const each of there) if (best(each, first) < 0) better += 1;
      if (better < Math.floor(there.length / pruner.reduction)) return first.course;
    }
  }
  return null;
};

/** A trial goes on unless its best value so far is worse than the median of what the others had at the same rung (Golovin et al. 2017). */
const passesMedian = (
  { startTrials }: Extract<Pruner, { type: "median" }>,
  courses: readonly Course[],
  course: Course,
): boolean => {
  const rung = course.reached.at(-1);
  if (rung === undefined) return true;
  const others = courses
    .filter(({ number }) => number < course.number)
    .map((other) => valueAt(other, rung.epochs))
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  if (others.length < startTrials) return true;
  const middle = (others[Math.floor((others.length - 1) / 2)]! + others[Math.ceil((others.length - 1) / 2)]!) / 2;
  return Math.min(...course.reached.map(({ value }) => value)) <= middle;
};

/** The trial that waits at a rung and is to go on next; null if none is, for now. `epochs`: of a trial that comes to its end. */
export const nextPromotion = (pruner: Pruner, courses: readonly Course[], epochs: number): Course | null => {
  if (pruner.type === "none" || pruner.type === "racing") return null;
  if (pruner.type === "asha") return ashaNext(pruner, courses, epochs);
  const waiting = courses.filter(({ state }) => state === "waiting");
  return waiting.find((course) => passesMedian(pruner, courses, course)) ?? null;
};
