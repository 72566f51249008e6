import { choleskyInPlace, type Factor, solveFactor } from "./cholesky.ts";
import type { Pulse } from "./design.ts";
import { type Ending, isRunningAway, type Progress } from "./newton.ts";
import { type Softmax, softmaxHessian, softmaxObjective, softmaxSize } from "./softmax.ts";

const shortEnough = 1e-12;
const mostHalvings = 40;

/** Newton's method on the coefficients of all classes together; `beta` is changed in place. The factor is that of the Hessian at the end. */
export const fitSoftmaxNewton = async (
  model: Softmax,
  beta: Float64Array,
  progress: Progress,
  options: {
    readonly mostIterations: number;
    /** size² doubles */
    readonly memory: Float64Array;
    readonly pulse: Pulse;
    readonly onIteration: (progress: Progress, step: number) => Promise<void>;
  },
): Promise<{ ending: Ending; factor: Factor }> => {
  const { memory, pulse } = options;
  const size = softmaxSize(model);
  const gradient = new Float64Array(size);
  const objective = (at: Float64Array): number => softmaxObjective(model, at, null, pulse);
  progress.objective ??= objective(beta);
  for (;;) {
    softmaxHessian(model, beta, memory, gradient, pulse);
    const factor = choleskyInPlace(memory, size, pulse);
    if (progress.decrements.length > 0 && progress.decrements.at(-1)! < shortEnough)
      return { ending: "converged", factor };
    if (isRunningAway(progress.decrements)) return { ending: "separated", factor };
    if (progress.iteration >= options.mostIterations) return { ending: "not_converged", factor };
    const step = solveFactor(
      factor,
      gradient.map((value) => -value),
    );
    let decrement = 0;
    for (let j = 0; j < size; j++) decrement -= gradient[j]! * step[j]!;
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
      progress.decrements.push(0);
      continue;
    }
    beta.set(next);
    progress.objective = reached;
    progress.iteration += 1;
    progress.decrements.push(share === 1 ? decrement : Math.max(decrement, 10 * shortEnough));
    await options.onIteration(progress, share);
  }
};
