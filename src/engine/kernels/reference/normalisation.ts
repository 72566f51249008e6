import type { NormalisationKernels } from "../families/normalisation.ts";
import { activationOf } from "./activations.ts";
import type { ReferenceMemory } from "./memory.ts";

export const referenceNormalisation = ({ get, set }: ReferenceMemory): NormalisationKernels => {
  /** dy behind a ReLU with output y, if there is one. */
  const through = (dy: number, y: number, i: number): number => (y === 0 || get(y, i) > 0 ? get(dy, i) : 0);
  return {
    batchNormStatistics: (mean, variance, inverse, x, rows, columns, epsilon, start, end) => {
      for (let j = start; j < end; j++) {
        let total = 0;
        for (let i = 0; i < rows; i++) total += get(x, i * columns + j);
        const centre = total / rows;
        let squares = 0;
        for (let i = 0; i < rows; i++) {
          const d = get(x, i * columns + j) - centre;
          squares += d * d;
        }
        set(mean, j, centre);
        set(variance, j, squares / rows);
        set(inverse, j, 1 / Math.sqrt(squares / rows + epsilon));
      }
    },
    inverseDeviation: (out, variance, epsilon, start, end) => {
      for (let j = start; j < end; j++) set(out, j, 1 / Math.sqrt(get(variance, j) + epsilon));
    },
    batchNorm: (out, x, mean, inverse, gamma, beta, columns, activation, slope, start, end) => {
      const f = activationOf(activation, slope);
      for (let i = start; i < end; i++)
        for (let j = 0; j < columns; j++) {
          const z = (get(x, i * columns + j) - get(mean, j)) * get(inverse, j);
          set(out, i * columns + j, f(get(gamma, j) * z + get(beta, j)));
        }
    },
    batchNormParameterGrad: (dgamma, dbeta, dy, y, x, mean, inverse, rows, columns, start, end) => {
      for (let j = start; j < end; j++) {
        let [withZ, plain] = [0, 0];
        for (let i = 0; i < rows; i++) {
          const g = through(dy, y, i * columns + j);
          withZ += g * (get(x, i * columns + j) - get(mean, j)) * get(inverse, j);
          plain += g;
        }
        set(dgamma, j, withZ);
        set(dbeta, j, plain);
      }
    },
    batchNormInputGrad: (dx, dy, y, x, mean, inverse, gamma, dgamma, dbeta, rows, columns, start, end) => {
      for (let i = start; i < end; i++)
        for (let j = 0; j < columns; j++) {
          const z = (get(x, i * columns + j) - get(mean, j)) * get(inverse, j);
          const rest = through(dy, y, i * columns + j) - get(dbeta, j) / rows - (z * get(dgamma, j)) / rows;
          set(dx, i * columns + j, get(gamma, j) * get(inverse, j) * rest);
        }
    },
    batchNormFrozenInputGrad: (dx, dy, inverse, gamma, columns, start, end) => {
      for (let i = start; i < end; i++)
        for (let j = 0; j < columns; j++)
          set(dx, i * columns + j, get(gamma, j) * get(inverse, j) * get(dy, i * columns + j));
    },
    runningAverage: (running, batch, momentum, factor, start, end) => {
      for (let j = start; j < end; j++)
        set(running, j, (1 - momentum) * get(running, j) + momentum * factor * get(batch, j));
    },
  };
};
