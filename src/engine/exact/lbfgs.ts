import type { Pulse } from "./design.ts";
import type { Ending, Progress } from "./newton.ts";

/** Pairs of steps and changes of the gradient that stand for the curvature (Nocedal & Wright 2006, algorithm 7.4). */
export const memoryPairs = 12;

/** The rest of what a checkpoint keeps: pairs in the order of their age, side by side. */
export interface Memory {
  readonly steps: Float64Array[];
  readonly changes: Float64Array[];
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** −H g by the two loops over the pairs. */
const direction = ({ steps, changes }: Memory, gradient: Float64Array): Float64Array => {
  const out = Float64Array.from(gradient, (value) => -value);
  const shares = new Float64Array(steps.length);
  for (let i = steps.length - 1; i >= 0; i--) {
    const [s, y] = [steps[i]!, changes[i]!];
    shares[i] = dot(s, out) / dot(s, y);
    for (let j = 0; j < out.length; j++) out[j]! -= shares[i]! * y[j]!;
  }
  const [s, y] = [steps.at(-1), changes.at(-1)];
  if (s !== undefined && y !== undefined) {
    const factor = dot(s, y) / dot(y, y);
    for (let j = 0; j < out.length; j++) out[j]! *= factor;
  }
  for (const [i, step] of steps.entries()) {
    const back = dot(changes[i]!, out) / dot(step, changes[i]!);
    for (let j = 0; j < out.length; j++) out[j]! += (shares[i]! - back) * step[j]!;
  }
  return out;
};

/** What is above the minimum, by the curvature that is known, is then far below what rows can tell. */
const shortEnough = 1e-9;

export interface LbfgsOptions {
  /** The objective at `beta`; fills the gradient. */
  readonly objective: (beta: Float64Array, gradient: Float64Array) => number;
  readonly rows: number;
  readonly mostIterations: number;
  readonly pulse: Pulse;
  readonly onIteration: (progress: Progress, step: number) => Promise<void>;
}

/** The minimum of a convex function of many coefficients by limited-memory BFGS (Liu & Nocedal 1989), with halved steps. `beta` is changed in place. */
export const fitLbfgs = async (
  beta: Float64Array,
  progress: Progress,
  memory: Memory,
  options: LbfgsOptions,
): Promise<Ending> => {
  const { objective, onIteration } = options;
  let gradient = new Float64Array(beta.length);
  let value = objective(beta, gradient);
  progress.objective = value;
  for (;;) {
    if (dot(gradient, gradient) === 0) return "converged";
    const step = direction(memory, gradient);
    // The first step goes as far as rows of unit curvature would have it.
    if (memory.steps.length === 0) for (let j = 0; j < step.length; j++) step[j]! /= options.rows;
    const slope = dot(step, gradient);
    const last = progress.decrements.slice(-3);
    if (memory.steps.length > 2 && last.length === 3 && last.every((each) => each < shortEnough)) return "converged";
    if (progress.iteration >= options.mostIterations) return "not_converged";
    let share = 1;
    let next = Float64Array.from(beta, (at, j) => at + step[j]!);
    const reachedGradient = new Float64Array(beta.length);
    let reached = objective(next, reachedGradient);
    for (let halving = 0; !(reached <= value + 1e-4 * share * slope) && halving < 30; halving++) {
      share /= 2;
      next = Float64Array.from(beta, (at, j) => at + share * step[j]!);
      reached = objective(next, reachedGradient);
    }
    // No shorter step helps: what is left is rounding.
    if (!(reached < value)) return -slope < 1e-6 ? "converged" : "not_converged";
    const change = reachedGradient.map((each, j) => each - gradient[j]!);
    const moved = next.map((each, j) => each - beta[j]!);
    if (dot(moved, change) > 0) {
      memory.steps.push(moved);
      memory.changes.push(change);
      if (memory.steps.length > memoryPairs) {
        memory.steps.shift();
        memory.changes.shift();
      }
    }
    beta.set(next);
    gradient = reachedGradient;
    value = reached;
    progress.objective = value;
    progress.iteration += 1;
    progress.decrements.push(-slope);
    await onIteration(progress, share);
  }
};
