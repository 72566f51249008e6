import { expect, test } from "vitest";
import { standardiseColumns } from "../../../src/engine/exact/design.ts";
import { type Softmax, softmaxHessian, softmaxObjective, softmaxSize } from "../../../src/engine/exact/softmax.ts";
import { exp64 } from "../../../src/engine/kernels/math64.ts";
import { createRandomStream, seedWords } from "../../../src/engine/kernels/philox.ts";
import { tableOf } from "../../../src/engine/tensor/table.ts";

const inputs = 3;

/** Rows, labels and coefficients of a softmax regression; a row in five has the weight 0. */
const modelOf = (rows: number, classes: number, first: 0 | 1, weighted: boolean) => {
  const random = createRandomStream({ ...seedWords(rows + 100 * classes), purpose: 0, index: 0 });
  const features = tableOf(
    Float64Array.from({ length: rows * inputs }, () => 4 * random.uniform() - 2),
    inputs,
  );
  const columns = Int32Array.of(-1, 0, 1, 2);
  const width = (classes - first) * columns.length;
  const model: Softmax = {
    design: standardiseColumns(features, columns),
    labels: Float64Array.from({ length: rows }, () => random.below(classes)),
    weights: weighted ? Float64Array.from({ length: rows }, (_, i) => (i % 5 === 4 ? 0 : random.uniform())) : null,
    ...{ classes, first },
    curvatures: first === 0 ? Float64Array.from({ length: width }, (_, i) => i % 4) : null,
  };
  return { model, beta: Float64Array.from({ length: width }, () => random.uniform() - 0.5) };
};

/** The same sums, row after row and number after number. */
const inPlainLoops = ({ design, labels, weights, classes, first, curvatures }: Softmax, beta: Float64Array) => {
  const width = design.columns.length;
  const size = (classes - first) * width;
  const [hessian, gradient] = [new Float64Array(size * size), new Float64Array(size)];
  for (let row = 0; row < design.rows; row++) {
    const x = Array.from(design.columns, (input, j) =>
      input < 0 ? 1 : (design.features.values[row * inputs + input]! - design.centers[j]!) * design.factors[j]!,
    );
    const etas = Array.from({ length: classes }, (_, k) =>
      k < first ? 0 : x.reduce((sum, value, j) => sum + value * beta[(k - first) * width + j]!, 0),
    );
    const powers = etas.map((eta) => exp64(eta - Math.max(...etas)));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const p = powers.map((power) => power / total);
    const weight = weights === null ? 1 : weights[row]!;
    for (let a = 0; a < size; a++) {
      const [k, i] = [first + Math.floor(a / width), a % width];
      gradient[a]! += weight * (p[k]! - (k === labels[row] ? 1 : 0)) * x[i]!;
      for (let b = 0; b < size; b++) {
        const [l, j] = [first + Math.floor(b / width), b % width];
        if (l > k || (l === k && j > i)) continue;
        const scale = weight * (k === l ? p[k]! * (1 - p[k]!) : -p[k]! * p[l]!);
        hessian[a * size + b]! += scale * x[i]! * x[j]!;
      }
    }
  }
  for (let a = 0; a < size; a++) {
    hessian[a * size + a]! += curvatures?.[a] ?? 0;
    gradient[a]! += (curvatures?.[a] ?? 0) * beta[a]!;
  }
  if (first === 0)
    for (let k = 0; k < classes; k++)
      for (let l = 0; l <= k; l++) hessian[k * width * size + l * width]! += design.rows;
  return { hessian, gradient };
};

test.each([
  { rows: 8, classes: 2, first: 1, weighted: false },
  { rows: 41, classes: 2, first: 1, weighted: true },
  { rows: 3, classes: 3, first: 1, weighted: false },
  { rows: 30, classes: 4, first: 0, weighted: true },
] as const)(
  "rows that are summed abreast give the bits of rows one by one: %o",
  ({ rows, classes, first, weighted }) => {
    const { model, beta } = modelOf(rows, classes, first, weighted);
    const size = softmaxSize(model);
    const [hessian, gradient, alone] = [new Float64Array(size * size), new Float64Array(size), new Float64Array(size)];
    const objective = softmaxHessian(model, beta, hessian, gradient, () => {});
    expect({ hessian, gradient }).toEqual(inPlainLoops(model, beta));
    expect(objective).toBe(softmaxObjective(model, beta, alone, () => {}));
    expect(gradient).toEqual(alone);
  },
);
