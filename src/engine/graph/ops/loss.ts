import { chunkCount } from "../../kernels/families/reductions.ts";
import { columnsOf, rowsOf, sameShape, showShape } from "../../tensor/shape.ts";
import type { Emitter, Place } from "../emitter.ts";
import type { TensorType, Value } from "../graph.ts";
import { mustFit, op } from "../op.ts";
import { times } from "./elementwise.ts";

/**
 * Losses, each fused with its gradient. `out` is the scalar `factor` · Σᵢ wᵢ ℓᵢ over the rows i with their `rowWeights` (all 1 without them), `factor` being 1 / rows or 1 / elements; `gradient` is ∂out/∂x,
 * computed in the same pass and only where it is read. `scale` is the same factor as one f64 in memory, as the kernels want it.
 */
interface Factor {
  readonly factor: number;
}

const lossTypes = (x: TensorType) =>
  ({
    out: { shape: [], dtype: "float" },
    rowLosses: { shape: [rowsOf(x.shape)], dtype: "float" },
    gradient: { shape: x.shape, dtype: "float" },
  }) as const;

const extras = ["rowLosses", "gradient"] as const;
const droppable = ["gradient"] as const;

/** out = factor · Σ rowLosses, in fixed order. */
const emitTotal = (emit: Emitter, out: Place, rowLosses: Place, rows: number, factor: number): void => {
  const partials = emit.scratchDoubles(chunkCount(rows));
  emit.k.sumChunks(partials, rowLosses, rows, chunkCount(rows));
  emit.k.sumPartials(out, partials, chunkCount(rows), factor, 1);
};

/** The loss's own gradient was computed for a seed of 1. */
const chained = (g: Value, gradient: Value): Value => times(g, gradient);

const cost = ({ x }: { x: TensorType }): number => 20 * rowsOf(x.shape) * columnsOf(x.shape);

/** ℓ = −Σⱼ t[j] ln softmax(x)[j]: logits x [rows, classes], i32 labels [rows]; the negative log-likelihood of the categorical distribution. */
export const softmaxCrossEntropy = op("softmaxCrossEntropy", {
  inputs: ["x", "labels", "scale"],
  optional: ["classWeights", "rowWeights"],
  extras,
  droppable,
  shape: ({ x, labels }, _attributes: Factor & { smoothing: number }) => {
    mustFit(labels.dtype === "i32", "labels of classes are i32");
    return lossTypes(x);
  },
  forward: (
    emit,
    { x, labels, scale, classWeights, rowWeights, out, rowLosses, gradient },
    { factor, smoothing },
    types,
  ) => {
    const rows = rowsOf(types.x.shape);
    emit.k.softmaxCrossEntropy(
      rowLosses,
      gradient,
      x,
      labels,
      classWeights,
      rowWeights,
      scale,
      columnsOf(types.x.shape),
      smoothing,
      rows,
    );
    emitTotal(emit, out, rowLosses, rows, factor);
  },
  vjp: (g, { gradient }) => ({
    x: chained(g, gradient),
    labels: null,
    scale: null,
    classWeights: null,
    rowWeights: null,
  }),
  cost,
});

/** ℓ = Σⱼ (1 − t′) x + ln(1 + e⁻ˣ): logits and targets of one shape; the negative log-likelihood of the Bernoulli distribution. */
export const binaryCrossEntropy = op("binaryCrossEntropy", {
  inputs: ["x", "targets", "scale"],
  optional: ["positiveWeights", "columnWeights", "rowWeights"],
  extras,
  droppable,
  shape: ({ x, targets }, _attributes: Factor & { smoothing: number }) => {
    mustFit(sameShape(x.shape, targets.shape), `targets ${showShape(targets.shape)} for ${showShape(x.shape)}`);
    return lossTypes(x);
  },
  forward: (
    emit,
    { x, targets, scale, positiveWeights, columnWeights, rowWeights, out, rowLosses, gradient },
    { factor, smoothing },
    types,
  ) => {
    const rows = rowsOf(types.x.shape);
    emit.k.binaryCrossEntropy(
      rowLosses,
      gradient,
      x,
      targets,
      positiveWeights,
      columnWeights,
      rowWeights,
      scale,
      columnsOf(types.x.shape),
      smoothing,
      rows,
    );
    emitTotal(emit, out, rowLosses, rows, factor);
  },
  vjp: (g, { gradient }) => ({
    x: chained(g, gradient),
    targets: null,
    scale: null,
    positiveWeights: null,
    columnWeights: null,
    rowWeights: null,
  }),
  cost,
});

type RegressionKernel = "squaredError" | "absoluteError" | "poisson" | "gaussian";

const regression = (name: RegressionKernel) =>
  op(name, {
    inputs: ["x", "targets", "scale"],
    optional: ["rowWeights"],
    extras,
    droppable,
    shape: ({ x, targets }, _attributes: Factor) => {
      const columns = name === "gaussian" ? columnsOf(x.shape) / 2 : columnsOf(x.shape);
      mustFit(
        rowsOf(x.shape) === rowsOf(targets.shape) && columnsOf(targets.shape) === columns,
        `targets ${showShape(targets.shape)} for ${showShape(x.shape)}`,
      );
      return lossTypes(x);
    },
    forward: (emit, { x, targets, scale, rowWeights, out, rowLosses, gradient }, { factor }, types) => {
      const rows = rowsOf(types.x.shape);
      emit.k[name](rowLosses, gradient, x, targets, rowWeights, scale, columnsOf(types.targets.shape), rows);
      emitTotal(emit, out, rowLosses, rows, factor);
    },
    vjp: (g, { gradient }) => ({ x: chained(g, gradient), targets: null, scale: null, rowWeights: null }),
    cost,
  });

/** ℓ = Σⱼ (x − t)²; but for constants the negative log-likelihood of a normal distribution of fixed variance. */
export const squaredError = regression("squaredError");
/** ℓ = Σⱼ |x − t|; but for constants the negative log-likelihood of a Laplace distribution. */
export const absoluteError = regression("absoluteError");
/** ℓ = Σⱼ eˣ − t·x, x the logarithm of the rate: the negative log-likelihood of a Poisson distribution without ln t!. */
export const poisson = regression("poisson");
/** ℓ = Σⱼ (s + (t − μ)² e⁻ˢ) / 2, x = (μ, s): the negative log-likelihood of N(μ, eˢ) without ln(2π) / 2. */
export const gaussian = regression("gaussian");

/** ℓ = Σⱼ d²/2 where |d| ≤ δ, else δ(|d| − δ/2), d = x − t (Huber 1964). */
export const huber = op("huber", {
  inputs: ["x", "targets", "scale"],
  optional: ["rowWeights"],
  extras,
  droppable,
  shape: ({ x, targets }, _attributes: Factor & { delta: number }) => {
    mustFit(sameShape(x.shape, targets.shape), `targets ${showShape(targets.shape)} for ${showShape(x.shape)}`);
    return lossTypes(x);
  },
  forward: (emit, { x, targets, scale, rowWeights, out, rowLosses, gradient }, { factor, delta }, types) => {
    const rows = rowsOf(types.x.shape);
    emit.k.huber(rowLosses, gradient, x, targets, rowWeights, scale, columnsOf(types.x.shape), delta, rows);
    emitTotal(emit, out, rowLosses, rows, factor);
  },
  vjp: (g, { gradient }) => ({ x: chained(g, gradient), targets: null, scale: null, rowWeights: null }),
  cost,
});
