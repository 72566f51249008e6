// The module's exports: exactly the names of the Kernels interface.
export {
  absElements as abs, addBroadcast, addConstant, addElements as add, axpy, clamp, clip, clipGrad, copy, copyStrided, divBroadcast, divElements as div, exp, fill, log,
  mulBroadcast, mulElements as mul, neg, pow, reciprocal, scale, sign, sqrtElements as sqrt, square, subBroadcast, subElements as sub,
} from "./elementwise";
export {
  cosTurns, cosTurnsGrad, erf, erfGrad, gelu, geluGrad, hardSigmoid, hardSigmoidGrad, hardSwish, hardSwishGrad, leakyRelu, leakyReluGrad, relu, reluGrad, sigmoid, sigmoidGrad, silu, siluGrad, softplus, softplusGrad, tanh, tanhGrad,
} from "./activations";
export { gemm, gemmBatched } from "./gemm";
export { packB, squaredDistances } from "./pack";
export { logSoftmax, logSoftmaxGrad, softmax, softmaxGrad } from "./softmax";
export {
  argmaxColumns, argminColumns, clipFactor, everActive, foldPartials, maxColumns, nonFiniteChunks, sumChunks, sumColumns, sumPartials, sumRows,
  sumSquaresChunks, zeroChunks,
} from "./reductions";
export { adagrad, adam, momentum, rmsprop, sgd } from "./optimisers";
export { dropout, randomBits, randomNormal, randomUniform } from "./random";
export { repeatRows, sumRepeated, swapAxes } from "./rearrangement";
export { gatherRows, gatherRows as gatherIntegers } from "./gather";
export { batchNorm, inverseDeviation, runningAverage } from "./normalisation";
export { batchNormFrozenInputGrad, batchNormInputGrad, batchNormParameterGrad } from "./normalisation-gradients";
export { batchNormStatistics } from "./normalisation-statistics";
export { conv2d } from "./convolution";
export { conv2dInputGrad } from "./convolution-input-grad";
export { conv2dWeightGrad } from "./convolution-weight-grad";
export { depthwiseWeightGrad } from "./depthwise-weight-grad";
export { averagePool2d, averagePool2dGrad, globalAveragePool, globalAveragePoolGrad, maxPool2d, maxPool2dGrad } from "./pooling";
export { softmaxCrossEntropy } from "./cross-entropy";
export { absoluteError, binaryCrossEntropy, gaussian, huber, labelWeightScale, poisson, squaredError } from "./losses";
