import type { CategoryInputs, InputEmbedding } from "../../domain/jobs/spec/parts/mlp-spec.ts";
import type { Activation, BatchNorm, Initializer } from "../../domain/jobs/spec/parts/units.ts";
import type { Value } from "../graph/graph.ts";
import { activation, type EpilogueActivation } from "../graph/ops/activation.ts";
import { columnsFrom, concat } from "../graph/ops/columns.ts";
import { add, clip, mul } from "../graph/ops/elementwise.ts";
import { linear, product } from "../graph/ops/matrix.ts";
import { batchNorm, fixedNorm, trackStatistics } from "../graph/ops/normalisation.ts";
import { dropped } from "../graph/ops/random.ts";
import { repeated } from "../graph/ops/rearrangement.ts";
import { reshaped } from "../graph/ops/reshape.ts";
import { columnsOf, rowsOf, sizeOf } from "../tensor/shape.ts";
import { isRectifier, leakySlope, splitActivation } from "./activations.ts";
import { ModelShapeError } from "./errors.ts";
import { constantInitial, type Initial, initialOf } from "./initializers.ts";
import { purposes } from "./purposes.ts";
import { type Scope, tensor } from "./scope.ts";

export interface LayerOptions {
  readonly activation: Activation;
  readonly initializer: Initializer;
  /** null: none. */
  readonly batchNorm: BatchNorm | null;
}

const defaultBatchNorm: BatchNorm = { position: "before", momentum: 0.1, epsilon: 1e-5 };

export const batchNormOf = (option: boolean | BatchNorm): BatchNorm | null =>
  option === true ? defaultBatchNorm : option === false ? null : option;

/** A parameter of a layer; only weights are penalised. */
export const parameter = (
  scope: Scope,
  layer: string,
  part: string,
  shape: readonly number[],
  initial: Initial,
): Value =>
  tensor(scope, { name: `${layer}.${part}`, layer, kind: "parameter", shape, initial, penalised: part === "weight" });

/**
 * Batch normalisation of x's last axis and then an activation: with the mini-batch's statistics in training, with running averages at inference and in frozen
 * layers. Tensors: `norm.gamma`, `norm.beta`, `norm.runningMean`, `norm.runningVariance`.
 */
const normalised = (
  scope: Scope,
  layer: string,
  x: Value,
  options: BatchNorm,
  activation: EpilogueActivation,
): Value => {
  const shape = [columnsOf(x.shape)];
  const running = (part: string, value: number): Value =>
    tensor(scope, {
      name: `${layer}.norm.${part}`,
      layer,
      kind: "statistic",
      shape,
      initial: constantInitial(value),
      penalised: false,
    });
  const gamma = parameter(scope, layer, "norm.gamma", shape, constantInitial(1));
  const beta = parameter(scope, layer, "norm.beta", shape, constantInitial(0));
  const [mean, variance] = [running("runningMean", 0), running("runningVariance", 1)];
  const attributes = { epsilon: options.epsilon, activation, slope: leakySlope };
  if (!scope.training || scope.fixedStatistics || scope.isFrozen(layer))
    return fixedNorm({ x, mean, variance, gamma, beta }, attributes).out;
  if (sizeOf(x.shape) === columnsOf(x.shape)) {
    const detail = `${layer} normalises by the mini-batch's mean and variance, and one value has none: every output would be the same; take a batchSize of 2 at least (16 or more is better), or leave batchNorm out`;
    throw new ModelShapeError("/training/batchSize", detail);
  }
  const batch = batchNorm({ x, gamma, beta }, attributes);
  trackStatistics({ mean, variance }, batch, options.momentum, rowsOf(x.shape));
  return batch.out;
};

/** A product, then normalisation and activation in the order that is asked for, the activation in an epilogue where it fits. */
export const finished = (
  scope: Scope,
  layer: string,
  options: LayerOptions,
  product: (activation: EpilogueActivation) => Value,
): Value => {
  const { epilogue, rest } = splitActivation(options.activation);
  const norm = options.batchNorm;
  const value =
    norm?.position === "before"
      ? rest(normalised(scope, layer, product("identity"), norm, epilogue))
      : norm?.position === "after"
        ? normalised(scope, layer, rest(product(epilogue)), norm, "identity")
        : rest(product(epilogue));
  const rectified = isRectifier(options.activation) && norm?.position !== "after";
  scope.activities.push({ layer, value, rectified });
  return value;
};

/** f(x·W + b): x [rows, inputs] → [rows, units]; tensors `weight` [inputs, units] and `bias` [units]. */
export const dense = (scope: Scope, layer: string, x: Value, units: number, options: LayerOptions): Value => {
  const inputs = columnsOf(x.shape);
  const weight = parameter(scope, layer, "weight", [inputs, units], initialOf(options.initializer, inputs, units));
  const bias = parameter(scope, layer, "bias", [units], constantInitial(0));
  return finished(
    scope,
    layer,
    options,
    (activation) => linear({ x, weight, bias }, { activation, slope: leakySlope }).out,
  );
};

export const sideBySide = (a: Value, b: Value): Value => concat({ a, b }, {}).out;

/** Waves are slow at first: at one standard deviation from the mean a tenth of a turn (Holzmüller et al. 2024). */
const slowness = 20;

/** What the units of an embedding make of slope·x + shift. */
const unitOf = (x: Value, kind: InputEmbedding["type"]): Value => {
  if (kind === "piecewise_linear") return clip({ x }, { low: 0, high: 1 }).out;
  return activation({ x }, { kind: kind === "periodic" ? "cosTurns" : "tanh", slope: 0 }).out;
};

/**
 * [x, f(slope·x + shift)]: x [rows, inputs] → [rows, inputs·(1 + units)], the units of one input beside each other; tensors `slope` and `shift`
 * [inputs·units]. Numerical embeddings (Gorishniy et al. 2022): with f = tanh, or the ramp from 0 to 1, a network follows steps of single inputs, with
 * cos 2πz what comes again and again.
 */
export const embedded = (scope: Scope, layer: string, x: Value, { type, units, deviation }: InputEmbedding): Value => {
  const shape = [columnsOf(x.shape) * units];
  const initial: Initial = { type: "normal", deviation };
  // Ramps of one width begin where standardised inputs are.
  const slopes: Initial =
    type === "piecewise_linear"
      ? constantInitial(deviation)
      : { type: "normal", deviation: type === "periodic" ? deviation / slowness : deviation };
  const slope = parameter(scope, layer, "slope", shape, slopes);
  const shift = parameter(
    scope,
    layer,
    "shift",
    shape,
    type === "periodic" ? { type: "uniform", limit: 0.5 } : initial,
  );
  const wide = reshaped(repeated(x, { times: units, inner: 1 }), [rowsOf(x.shape), ...shape]);
  const sums = add({ a: mul({ a: wide, b: slope }, {}).out, b: shift }, {}).out;
  return sideBySide(x, unitOf(sums, type));
};

/**
 * The inputs of categories become numbers of their own: x [rows, inputs] → the other inputs, and for each column of categories its levels' inputs times `weight`
 * [levels, dimensions]; tensors `<layer>.0.weight`, `<layer>.1.weight`, …
 */
export const embeddedCategories = (
  scope: Scope,
  layer: string,
  x: Value,
  categories: readonly CategoryInputs[],
): { others: Value | null; embedded: Value[] } => {
  const others: Value[] = [];
  const embedded: Value[] = [];
  let from = 0;
  const until = (to: number): void => {
    if (to > from) others.push(columnsFrom(x, from, to - from));
  };
  for (const [i, { first, levels, dimensions }] of categories.entries()) {
    until(first);
    from = first + levels;
    const initial: Initial = { type: "normal", deviation: Math.sqrt(1 / dimensions) };
    const weight = parameter(scope, `${layer}.${i}`, "weight", [levels, dimensions], initial);
    embedded.push(product(columnsFrom(x, first, levels), weight, false, false));
  }
  until(columnsOf(x.shape));
  return { others: others.length === 0 ? null : others.reduce(sideBySide), embedded };
};

/** Dropout in training; the identity at inference. */
export const dropoutLayer = (scope: Scope, x: Value, rate: number): Value => {
  const purpose = purposes.dropout(scope.nextDropout());
  return scope.training && rate > 0 ? dropped(x, scope.random, { rate, purpose }) : x;
};
