import { activationCodes } from "../../kernels/families/activations.ts";
import { columnsOf, rowsOf, sizeOf } from "../../tensor/shape.ts";
import type { TensorType, Value } from "../graph.ts";
import { mustFit, onceDifferentiable, op } from "../op.ts";
import { type EpilogueActivation, throughEpilogue } from "./activation.ts";

interface NormAttributes {
  readonly epsilon: number;
  readonly activation: EpilogueActivation;
  readonly slope: number;
}

const column = (x: TensorType): TensorType => ({ shape: [columnsOf(x.shape)], dtype: "float" });

const fitColumns = (x: TensorType, gamma: TensorType): void =>
  mustFit(sizeOf(gamma.shape) === columnsOf(x.shape), "one gamma for each column");

/** out = f(γ·(x − mean)·inverse + β), where mean and inverse are there already: what is left of a normalisation when it is done again. */
export const batchNormOutput = op("batchNormOutput", {
  inputs: ["x", "mean", "inverse", "gamma", "beta"],
  shape: ({ x }, _attributes: NormAttributes) => ({ out: x }),
  forward: ({ k }, p, { activation, slope }, types) =>
    k.batchNorm(
      ...([p.out, p.x, p.mean, p.inverse, p.gamma, p.beta] as const),
      ...([columnsOf(types.x.shape), activationCodes[activation], slope, rowsOf(types.x.shape)] as const),
    ),
  vjp: onceDifferentiable("batchNormOutput"),
  cost: (types) => 4 * sizeOf(types.x.shape),
});

/**
 * Batch normalisation with the mini-batch's own statistics (Ioffe & Szegedy 2015): out = f(γ·(x − μ)/√(σ² + ε) + β) column by column, σ² biased.
 * Columns are features, or channels where x is [batch, height, width, channels]. `mean`, `variance` and `inverse` = 1/√(σ² + ε) are saved.
 */
export const batchNorm = op("batchNorm", {
  inputs: ["x", "gamma", "beta"],
  extras: ["mean", "variance", "inverse"],
  again: batchNormOutput.definition,
  shape: ({ x, gamma }, _attributes: NormAttributes) => {
    fitColumns(x, gamma);
    return { out: x, mean: column(x), variance: column(x), inverse: column(x) };
  },
  forward: ({ k }, { x, gamma, beta, out, mean, variance, inverse }, { epsilon, activation, slope }, types) => {
    const [rows, columns] = [rowsOf(types.x.shape), columnsOf(types.x.shape)];
    k.batchNormStatistics(mean, variance, inverse, x, rows, columns, epsilon, columns);
    k.batchNorm(out, x, mean, inverse, gamma, beta, columns, activationCodes[activation], slope, rows);
  },
  vjp: (g, { x, gamma, out, mean, inverse }, { activation, slope }) => {
    // The gradients' kernels take a ReLU's mask along; other activations pass first.
    const behind = activation === "relu" ? { g, y: out } : { g: throughEpilogue(g, out, activation, slope), y: null };
    const { out: dgamma, dbeta } = batchNormParameterGradient({ ...behind, x, mean, inverse }, {});
    return {
      x: batchNormInputGradient({ ...behind, x, mean, inverse, gamma, dgamma, dbeta }, {}).out,
      gamma: dgamma,
      beta: dbeta,
    };
  },
  cost: (types) => 12 * sizeOf(types.x.shape),
});

/** dγ = Σ g·z and dβ = Σ g over the rows, z = (x − mean)·inverse; g only where y > 0, if a ReLU with output y followed. */
export const batchNormParameterGradient = op("batchNormParameterGradient", {
  inputs: ["g", "x", "mean", "inverse"],
  optional: ["y"],
  extras: ["dbeta"],
  shape: ({ x }) => ({ out: column(x), dbeta: column(x) }),
  forward: ({ k }, { g, y, x, mean, inverse, out, dbeta }, _attributes, types) =>
    k.batchNormParameterGrad(
      out,
      dbeta,
      g,
      y,
      x,
      mean,
      inverse,
      rowsOf(types.x.shape),
      columnsOf(types.x.shape),
      columnsOf(types.x.shape),
    ),
  vjp: onceDifferentiable("batchNormParameterGradient"),
  cost: (types) => 5 * sizeOf(types.x.shape),
});

/** dx = γ·inverse·(g − dβ/rows − z·dγ/rows): mean and variance are functions of x; g as in batchNormParameterGradient. */
export const batchNormInputGradient = op("batchNormInputGradient", {
  inputs: ["g", "x", "mean", "inverse", "gamma", "dgamma", "dbeta"],
  optional: ["y"],
  shape: ({ x }) => ({ out: x }),
  forward: ({ k }, p, _attributes, types) => {
    const [rows, columns] = [rowsOf(types.x.shape), columnsOf(types.x.shape)];
    k.batchNormInputGrad(p.out, p.g, p.y, p.x, p.mean, p.inverse, p.gamma, p.dgamma, p.dbeta, rows, columns, rows);
  },
  vjp: onceDifferentiable("batchNormInputGradient"),
  cost: (types) => 8 * sizeOf(types.x.shape),
});

/** Batch normalisation with statistics that do not depend on x (running averages): at inference and in frozen layers. */
export const fixedNorm = op("fixedNorm", {
  inputs: ["x", "mean", "variance", "gamma", "beta"],
  extras: ["inverse"],
  again: batchNormOutput.definition,
  shape: ({ x, gamma }, _attributes: NormAttributes) => {
    fitColumns(x, gamma);
    return { out: x, inverse: column(x) };
  },
  forward: ({ k }, { x, mean, variance, gamma, beta, out, inverse }, { epsilon, activation, slope }, types) => {
    const columns = columnsOf(types.x.shape);
    k.inverseDeviation(inverse, variance, epsilon, columns);
    k.batchNorm(out, x, mean, inverse, gamma, beta, columns, activationCodes[activation], slope, rowsOf(types.x.shape));
  },
  vjp: (g, { x, mean, gamma, out, inverse }, { activation, slope }) => {
    const z = throughEpilogue(g, out, activation, slope);
    const parameters = batchNormParameterGradient({ g: z, y: null, x, mean, inverse }, {});
    const dx = fixedNormInputGradient({ g: z, inverse, gamma }, {}).out;
    return { x: dx, gamma: parameters.out, beta: parameters.dbeta, mean: null, variance: null };
  },
  cost: (types) => 4 * sizeOf(types.x.shape),
});

/** dx = γ·inverse·g */
export const fixedNormInputGradient = op("fixedNormInputGradient", {
  inputs: ["g", "inverse", "gamma"],
  shape: ({ g }) => ({ out: g }),
  forward: ({ k }, { g, inverse, gamma, out }, _attributes, types) =>
    k.batchNormFrozenInputGrad(out, g, inverse, gamma, columnsOf(types.g.shape), rowsOf(types.g.shape)),
  vjp: onceDifferentiable("fixedNormInputGradient"),
  cost: (types) => 2 * sizeOf(types.g.shape),
});

/** running ← (1 − momentum)·running + momentum·factor·batch, in place: an effect of the step, not a function to differentiate. */
export const runningAverage = op("runningAverage", {
  inputs: ["running", "batch"],
  alias: "running",
  shape: ({ running }, _attributes: { momentum: number; factor: number }) => ({ out: running }),
  forward: ({ k }, { running, batch }, { momentum, factor }, types) =>
    k.runningAverage(running, batch, momentum, factor, sizeOf(types.running.shape)),
  vjp: onceDifferentiable("runningAverage"),
  cost: (types) => 3 * sizeOf(types.running.shape),
});

/** Records the update of both running averages; `rows` is the mini-batch's number of values per column: the running variance is unbiased, as PyTorch's is. */
export const trackStatistics = (
  running: { readonly mean: Value; readonly variance: Value },
  batch: { readonly mean: Value; readonly variance: Value },
  momentum: number,
  rows: number,
): void => {
  const unbiased = rows > 1 ? rows / (rows - 1) : 1;
  const { effects } = running.mean.graph;
  effects.push(runningAverage({ running: running.mean, batch: batch.mean }, { momentum, factor: 1 }).out);
  effects.push(
    runningAverage({ running: running.variance, batch: batch.variance }, { momentum, factor: unbiased }).out,
  );
};
