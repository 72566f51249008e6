import { activation, activationGradient, logSoftmax, softmax, softmaxGradient } from "./ops/activation.ts";
import { concat, insertColumns, takeColumns } from "./ops/columns.ts";
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from "./ops/convolution.ts";
import {
  abs,
  add,
  clip,
  clipGradient,
  div,
  exp,
  log,
  mul,
  neg,
  power,
  scale,
  shift,
  sign,
  sqrt,
  square,
  sub,
} from "./ops/elementwise.ts";
import { gather } from "./ops/gather.ts";
import {
  absoluteError,
  binaryCrossEntropy,
  gaussian,
  huber,
  poisson,
  softmaxCrossEntropy,
  squaredError,
} from "./ops/loss.ts";
import { batchedMatmul, linear, matmul } from "./ops/matrix.ts";
import {
  batchNorm,
  batchNormInputGradient,
  batchNormOutput,
  batchNormParameterGradient,
  fixedNorm,
  fixedNormInputGradient,
  runningAverage,
} from "./ops/normalisation.ts";
import {
  averagePool,
  averagePoolGradient,
  globalAveragePool,
  globalAveragePoolGradient,
  maxPool,
  maxPoolGradient,
} from "./ops/pooling.ts";
import { dropout } from "./ops/random.ts";
import { repeat, sumRepeats, swapAxes } from "./ops/rearrangement.ts";
import { expand, sum, sumColumns, sumRows } from "./ops/reduction.ts";
import { reshape } from "./ops/reshape.ts";
import { argmax, describe } from "./ops/statistics.ts";

/** Ops that a model is made of. The test of gradients has a case for each, or it does not compile. */
export const ops = {
  abs,
  absoluteError,
  activation,
  add,
  averagePool,
  batchedMatmul,
  batchNorm,
  binaryCrossEntropy,
  clip,
  concat,
  conv2d,
  conv2dInputGradient,
  div,
  dropout,
  exp,
  expand,
  fixedNorm,
  gather,
  gaussian,
  globalAveragePool,
  huber,
  insertColumns,
  linear,
  log,
  logSoftmax,
  matmul,
  maxPool,
  mul,
  neg,
  poisson,
  power,
  repeat,
  reshape,
  scale,
  shift,
  sign,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  square,
  squaredError,
  sub,
  sum,
  sumColumns,
  sumRepeats,
  sumRows,
  swapAxes,
  takeColumns,
} as const;

/** Ops that appear in gradients or reports only, or change memory: they have no gradient of their own. */
export const gradientOps = {
  activationGradient,
  argmax,
  averagePoolGradient,
  batchNormInputGradient,
  batchNormOutput,
  batchNormParameterGradient,
  clipGradient,
  conv2dWeightGradient,
  describe,
  fixedNormInputGradient,
  globalAveragePoolGradient,
  maxPoolGradient,
  runningAverage,
  softmaxGradient,
} as const;

export type OpName = keyof typeof ops;
