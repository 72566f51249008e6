import { type Design, type Observed, type Pulse, predictorOf } from "./design.ts";
import type { Family } from "./families.ts";
import { addCurvatures, factorise, spread } from "./least-squares.ts";
import { objectiveOf } from "./objectives.ts";
import { type Ranked, rankColumns, solveUpper } from "./triangle.ts";

/** How a fit by iterations stands, and what a checkpoint keeps of it. A JSON value. */
export interface Progress {
  iteration: number;
  /** Σ loss + penalty at the coefficients; null before the first iteration. */
  objective: number | null;
  /** Squared length of each step in standard errors (twice what the objective is above its least, nearly). */
  decrements: number[];
}

export const startProgress = (): Progress => ({ iteration: 0, objective: null, decrements: [] });

export type Ending = "converged" | "separated" | "not_converged";

export interface NewtonFit {
  readonly coefficients: Float64Array;
  readonly ending: Ending;
  /** The triangle of XᵀWX + penalty, the columns as they are scaled. */
  readonly ranked: Ranked;
  /** As it was at the end. */
  readonly family: Family;
}

/** After a step this short in standard errors the next would change nothing: its length is about the square of this one's. */
const shortEnough = 1e-12;
const mostHalvings = 40;

/**
 * Where the likelihood has no finite maximum, each of Newton's steps goes about as far as the last, and what the objective is above its infimum falls by e each
 * time; near a maximum that there is, it falls with the square.
 */
const isRunningAway = (decrements: readonly number[]): boolean => {
  const last = decrements.slice(-6);
  return (
    last.length === 6 &&
    last.at(-1)! < 1e-4 &&
    last.every((value, i) => i === 0 || (value / last[i - 1]! > 0.25 && value / last[i - 1]! < 0.5))
  );
};

/** How the iterations have ended; null: they go on. */
export const endingOf = ({ iteration, decrements }: Progress, mostIterations: number): Ending | null => {
  if (decrements.length > 0 && decrements.at(-1)! < shortEnough) return "converged";
  if (isRunningAway(decrements)) return "separated";
  return iteration >= mostIterations ? "not_converged" : null;
};

/** Goes Newton's step from `beta`, halved where it would not lower the objective; `beta` and `progress` are changed in place. */
export const takeStep = async (
  beta: Float64Array,
  progress: Progress,
  { step, decrement }: { readonly step: Float64Array; readonly decrement: number },
  objective: (at: Float64Array) => number,
  onIteration: NewtonOptions["onIteration"],
): Promise<void> => {
  const before = progress.objective!;
  const allowed = before + 1e-13 * Math.abs(before);
  let share = 1;
  let next = beta.map((value, j) => value + step[j]!);
  let reached = objective(next);
  for (let halving = 0; !(reached <= allowed) && halving < mostHalvings; halving++) {
    share /= 2;
    next = beta.map((value, j) => value + share * step[j]!);
    reached = objective(next);
  }
  if (!(reached <= allowed)) {
    // No shorter step helps: what is left is rounding.
    progress.decrements.push(0);
    return;
  }
  beta.set(next);
  progress.objective = reached;
  progress.iteration += 1;
  // Too short a share of a long step is no convergence.
  progress.decrements.push(share === 1 ? decrement : Math.max(decrement, 10 * shortEnough));
  await onIteration(progress, share);
};

/** A likelihood, or the one that the coefficients choose: a parameter beside them is at its best for each. */
export type FamilyAt = Family | ((beta: Float64Array) => Family);

export interface NewtonOptions {
  readonly curvatures: Float64Array | null;
  readonly mostIterations: number;
  readonly memory: Float64Array;
  readonly pulse: Pulse;
  /** After each iteration: the coefficients and `progress` are then all of the state. */
  readonly onIteration: (progress: Progress, step: number) => Promise<void>;
}

/** The triangle of XᵀWX of the expected curvatures. */
const expectedInformation = (
  design: Design,
  { weights, offsets }: Observed,
  expected: (eta: number) => number,
  beta: Float64Array,
  { curvatures, memory, pulse }: NewtonOptions,
): Ranked => {
  const rowOf = (row: number) => {
    const own = predictorOf(design, row, beta);
    const curvature = expected(offsets === null ? own : own + offsets[row]!);
    return { weight: Math.sqrt(weights === null ? curvature : weights[row]! * curvature), right: 0 };
  };
  return rankColumns(factorise(design, rowOf, curvatures, memory, pulse), true);
};

/**
 * The most likely coefficients of a generalised linear model by Newton's method, with a canonical link iteratively reweighted least squares
 * (McCullagh & Nelder 1989, 2.5), each step by QR, halved where it would not lower the objective.
 * @param beta where to start; changed in place, and the result
 */
export const fitNewton = async (
  design: Design,
  observed: Observed,
  familyAt: FamilyAt,
  beta: Float64Array,
  progress: Progress,
  options: NewtonOptions,
): Promise<NewtonFit> => {
  const { curvatures, memory, pulse } = options;
  const size = design.columns.length;
  const { labels, weights, offsets } = observed;
  const objectiveBy = (family: Family) => {
    const valueAt = objectiveOf(design, observed, family, curvatures, pulse);
    return (at: Float64Array): number => valueAt(at, null);
  };
  const stepAt = (family: Family): { ranked: Ranked; step: Float64Array; decrement: number } => {
    const rowOf = (row: number) => {
      const own = predictorOf(design, row, beta);
      const working = family.working(labels[row]!, offsets === null ? own : own + offsets[row]!);
      if (weights === null) return working;
      const root = Math.sqrt(weights[row]!);
      return { weight: root * working.weight, right: root * working.right };
    };
    const triangle = factorise(design, rowOf, null, memory, pulse);
    if (curvatures !== null) addCurvatures(triangle, curvatures, beta);
    const ranked = rankColumns(triangle, true);
    let decrement = 0;
    for (const value of ranked.right) decrement += value * value;
    const step = spread(ranked, solveUpper(ranked.upper, ranked.kept.length, Float64Array.from(ranked.right)), size);
    return { ranked, step, decrement };
  };
  for (;;) {
    const family = typeof familyAt === "function" ? familyAt(beta) : familyAt;
    const objective = objectiveBy(family);
    // Of another likelihood than before it is another number.
    if (typeof familyAt === "function") progress.objective = objective(beta);
    else progress.objective ??= objective(beta);
    const { ranked, ...own } = stepAt(family);
    const ending = endingOf(progress, options.mostIterations);
    if (ending !== null) {
      const { expected } = family;
      const known = expected === undefined ? ranked : expectedInformation(design, observed, expected, beta, options);
      return { coefficients: beta, ending, ranked: known, family };
    }
    await takeStep(beta, progress, own, objective, options.onIteration);
  }
};
