import { choleskyInPlace, type Factor, solveFactor } from "./cholesky.ts";
import type { Pulse } from "./design.ts";
import { type Ending, endingOf, type Progress, takeStep } from "./newton.ts";
import { type Softmax, softmaxHessian, softmaxSize } from "./softmax.ts";

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
  // With the objective comes the Hessian, which the next step is taken by where this one lowers the objective.
  const evaluate = (at: Float64Array): number => softmaxHessian(model, at, memory, gradient, pulse);
  const start = evaluate(beta);
  progress.objective ??= start;
  for (;;) {
    const factor = choleskyInPlace(memory, size, pulse);
    const ending = endingOf(progress, options.mostIterations);
    if (ending !== null) return { ending, factor };
    const step = solveFactor(
      factor,
      gradient.map((value) => -value),
    );
    let decrement = 0;
    for (let j = 0; j < size; j++) decrement -= gradient[j]! * step[j]!;
    const { iteration } = progress;
    await takeStep(beta, progress, { step, decrement }, evaluate, options.onIteration);
    if (progress.iteration === iteration) evaluate(beta);
  }
};
