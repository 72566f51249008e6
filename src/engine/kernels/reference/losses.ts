import type { LossKernels, RegressionLossArguments } from "../families/losses.ts";
import { exp64, sigmoid64, softplus64 } from "../math64.ts";
import { logSumExp } from "./activations.ts";
import type { ReferenceMemory } from "./memory.ts";

/** Value and derivative by x of one element's loss. */
type ElementLoss = (x: number, target: number) => readonly [value: number, derivative: number];

const squared: ElementLoss = (x, t) => [(x - t) * (x - t), 2 * (x - t)];
const absolute: ElementLoss = (x, t) => [Math.abs(x - t), x > t ? 1 : x < t ? -1 : 0];
const poisson: ElementLoss = (x, t) => [exp64(x) - t * x, exp64(x) - t];
const huberOf =
  (delta: number): ElementLoss =>
  (x, t) => {
    const d = x - t;
    if (Math.abs(d) <= delta) return [0.5 * d * d, d];
    return [delta * (Math.abs(d) - 0.5 * delta), d > 0 ? delta : -delta];
  };

const referenceRegression = ({ get, set, getDouble }: ReferenceMemory) => {
  const elementwise = (f: ElementLoss, ...args: RegressionLossArguments): void => {
    const [loss, dx, x, targets, rowWeights, scale, columns, start, end] = args;
    for (let i = start; i < end; i++) {
      const weight = rowWeights ? get(rowWeights, i) : 1;
      let total = 0;
      for (let j = 0; j < columns; j++) {
        const at = i * columns + j;
        const [value, derivative] = f(get(x, at), get(targets, at));
        total += value;
        if (dx) set(dx, at, getDouble(scale, 0) * weight * derivative);
      }
      set(loss, i, weight * total);
    }
  };
  return {
    squaredError: (...args: RegressionLossArguments) => elementwise(squared, ...args),
    absoluteError: (...args: RegressionLossArguments) => elementwise(absolute, ...args),
    poisson: (...args: RegressionLossArguments) => elementwise(poisson, ...args),
    huber: (
      ...[loss, dx, x, targets, rowWeights, scale, columns, delta, start, end]: Parameters<LossKernels["huber"]>
    ) => elementwise(huberOf(delta), loss, dx, x, targets, rowWeights, scale, columns, start, end),
    gaussian: (...[loss, dx, x, targets, rowWeights, scale, columns, start, end]: RegressionLossArguments) => {
      for (let i = start; i < end; i++) {
        const weight = rowWeights ? get(rowWeights, i) : 1;
        const factor = getDouble(scale, 0) * weight;
        let total = 0;
        for (let j = 0; j < columns; j++) {
          const [atMean, atLogVariance] = [2 * i * columns + j, (2 * i + 1) * columns + j];
          const s = get(x, atLogVariance);
          const d = get(x, atMean) - get(targets, i * columns + j);
          const precision = exp64(-s);
          total += 0.5 * (s + d * d * precision);
          if (!dx) continue;
          set(dx, atMean, factor * d * precision);
          set(dx, atLogVariance, factor * 0.5 * (1 - d * d * precision));
        }
        set(loss, i, weight * total);
      }
    },
  };
};

export const referenceLosses = (memory: ReferenceMemory): LossKernels => {
  const { get, set, getInteger, getDouble, setDouble } = memory;
  return {
    ...referenceRegression(memory),
    softmaxCrossEntropy: (loss, dx, x, labels, classWeights, rowWeights, scale, classes, smoothing, start, end) => {
      for (let i = start; i < end; i++) {
        const label = getInteger(labels, i);
        const known = label >= 0 && label < classes;
        const weight = !known ? 0 : rowWeights ? get(rowWeights, i) : 1;
        const row = Array.from({ length: classes }, (_, j) => get(x, i * classes + j));
        const total = logSumExp(row);
        const target = row.map(
          (_, j) =>
            (classWeights ? get(classWeights, j) : 1) * ((j === label ? 1 - smoothing : 0) + smoothing / classes),
        );
        const mass = target.reduce((a, b) => a + b, 0);
        set(loss, i, known ? weight * target.reduce((sum, t, j) => sum + t * (total - (row[j] as number)), 0) : 0);
        for (let j = 0; dx && j < classes; j++) {
          const derivative = exp64((row[j] as number) - total) * mass - (target[j] as number);
          set(dx, i * classes + j, known ? getDouble(scale, 0) * weight * derivative : 0);
        }
      }
    },
    labelWeightScale: (out, labels, classWeights, rowWeights, rows, classes, start, end) => {
      if (start >= end) return;
      let total = 0;
      for (let i = 0; i < rows; i++) {
        const label = getInteger(labels, i);
        if (label < 0 || label >= classes) continue;
        total += (classWeights ? get(classWeights, label) : 1) * (rowWeights ? get(rowWeights, i) : 1);
      }
      setDouble(out, 0, total === 0 ? 0 : 1 / total);
    },
    binaryCrossEntropy: (
      loss,
      dx,
      x,
      targets,
      positiveWeights,
      columnWeights,
      rowWeights,
      scale,
      columns,
      smoothing,
      start,
      end,
    ) => {
      for (let i = start; i < end; i++) {
        const weight = rowWeights ? get(rowWeights, i) : 1;
        let total = 0;
        for (let j = 0; j < columns; j++) {
          const at = i * columns + j;
          const z = get(x, at);
          const t = (1 - smoothing) * get(targets, at) + 0.5 * smoothing;
          const positive = 1 + ((positiveWeights ? get(positiveWeights, j) : 1) - 1) * t;
          const v = columnWeights ? get(columnWeights, j) : 1;
          total += v * ((1 - t) * z + positive * softplus64(-z));
          if (dx) set(dx, at, getDouble(scale, 0) * weight * v * (1 - t - positive * sigmoid64(-z)));
        }
        set(loss, i, weight * total);
      }
    },
  };
};
