import { hyperSlots, type OptimiserKernels } from "../families/optimisers.ts";
import type { ReferenceMemory } from "./memory.ts";

export const referenceOptimisers = ({ get, set, getDouble }: ReferenceMemory): OptimiserKernels => {
  const rate = (hyper: number): number => getDouble(hyper, hyperSlots.learningRate);
  /** Reads element i, with the decoupled decay applied to w and the penalties' terms added to g. */
  const read = (
    w: number,
    g: number,
    hyper: number,
    clip: number,
    l1: number,
    l2: number,
    decay: number,
    i: number,
  ): readonly [weight: number, gradient: number] => {
    const weight = get(w, i);
    const sign = weight > 0 ? 1 : weight < 0 ? -1 : 0;
    return [
      weight - rate(hyper) * decay * weight,
      (clip ? getDouble(clip, 0) : 1) * get(g, i) + l2 * weight + l1 * sign,
    ];
  };
  const root = (s: number, epsilon: number, outside: number): number =>
    outside ? Math.sqrt(s) + epsilon : Math.sqrt(s + epsilon);

  return {
    sgd: (w, g, hyper, clip, l1, l2, decay, start, end) => {
      for (let i = start; i < end; i++) {
        const [weight, gradient] = read(w, g, hyper, clip, l1, l2, decay, i);
        set(w, i, weight - rate(hyper) * gradient);
      }
    },
    momentum: (w, g, m, hyper, clip, l1, l2, decay, beta, nesterov, start, end) => {
      for (let i = start; i < end; i++) {
        const [weight, gradient] = read(w, g, hyper, clip, l1, l2, decay, i);
        const step = rate(hyper) * gradient;
        const moment = beta * get(m, i) + step;
        set(m, i, moment);
        set(w, i, weight - (nesterov ? beta * moment + step : moment));
      }
    },
    adagrad: (w, g, s, hyper, clip, l1, l2, decay, epsilon, outside, start, end) => {
      for (let i = start; i < end; i++) {
        const [weight, gradient] = read(w, g, hyper, clip, l1, l2, decay, i);
        const squares = get(s, i) + gradient * gradient;
        set(s, i, squares);
        set(w, i, weight - (rate(hyper) * gradient) / root(squares, epsilon, outside));
      }
    },
    rmsprop: (w, g, s, hyper, clip, l1, l2, decay, alpha, epsilon, outside, start, end) => {
      for (let i = start; i < end; i++) {
        const [weight, gradient] = read(w, g, hyper, clip, l1, l2, decay, i);
        const squares = alpha * get(s, i) + (1 - alpha) * gradient * gradient;
        set(s, i, squares);
        set(w, i, weight - (rate(hyper) * gradient) / root(squares, epsilon, outside));
      }
    },
    adam: (w, g, m, v, hyper, clip, l1, l2, decay, beta1, beta2, epsilon, start, end) => {
      const [correction1, correction2] = [
        getDouble(hyper, hyperSlots.correction1),
        getDouble(hyper, hyperSlots.correction2),
      ];
      for (let i = start; i < end; i++) {
        const [weight, gradient] = read(w, g, hyper, clip, l1, l2, decay, i);
        const first = beta1 * get(m, i) + (1 - beta1) * gradient;
        const second = beta2 * get(v, i) + (1 - beta2) * gradient * gradient;
        set(m, i, first);
        set(v, i, second);
        set(w, i, weight - (rate(hyper) * (first / correction1)) / (Math.sqrt(second / correction2) + epsilon));
      }
    },
  };
};
