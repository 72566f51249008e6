// The kernels of this level by the names of the Kernels interface; what is not listed stays in WebAssembly. Then those of ClusteringKernels.
#define AS(name, function) {#name, function}
#define IS(name) {#name, name}

#define TABLE_OF(level) const Entry table_##level[]
#define TABLE(level) TABLE_OF(level)

TABLE(LEVEL) = {
  IS(add), IS(sub), IS(mul), AS(div, divide), IS(scale), IS(addConstant), IS(clamp), IS(clip), IS(clipGrad), IS(neg), AS(abs, absolute), IS(sign), IS(square),
  AS(sqrt, squareRoot), IS(reciprocal), AS(exp, exponential), AS(log, logarithm), AS(pow, power), IS(fill), IS(copy), IS(axpy),
  IS(addBroadcast), IS(subBroadcast), IS(mulBroadcast), IS(divBroadcast), IS(copyStrided), IS(gatherRows), AS(gatherIntegers, gatherRows),
  IS(sigmoid), IS(sigmoidGrad), AS(tanh, hyperbolicTangent), IS(tanhGrad), IS(relu), IS(reluGrad), IS(leakyRelu), IS(leakyReluGrad),
  IS(gelu), IS(geluGrad), IS(silu), IS(siluGrad), IS(softplus), IS(softplusGrad), IS(cosTurns), IS(cosTurnsGrad),
  IS(gemm), IS(packB), IS(squaredDistances), AS(conv2d, convolve), IS(conv2dWeightGrad), IS(depthwiseWeightGrad),
  AS(conv2dInputGrad, convolveInputGrad),
  IS(softmax), IS(softmaxGrad), IS(logSoftmax), IS(logSoftmaxGrad), IS(softmaxCrossEntropy), IS(labelWeightScale), IS(binaryCrossEntropy),
  IS(squaredError), IS(absoluteError), IS(huber), IS(poisson), IS(gaussian),
  IS(sgd), IS(momentum), IS(adagrad), IS(rmsprop), IS(adam),
  IS(sumRows), IS(sumColumns), IS(sumChunks), IS(sumSquaresChunks), IS(nonFiniteChunks), IS(zeroChunks), IS(foldPartials), IS(sumPartials),
  IS(clipFactor), IS(maxColumns), IS(argmaxColumns), IS(argminColumns), IS(everActive),
  IS(inverseDeviation), IS(batchNormStatistics), IS(batchNorm), IS(runningAverage), IS(batchNormParameterGrad), IS(batchNormInputGrad),
  IS(batchNormFrozenInputGrad),
  IS(maxPool2d), IS(maxPool2dGrad), IS(averagePool2d), IS(averagePool2dGrad), IS(globalAveragePool), IS(globalAveragePoolGrad),
  IS(randomBits), IS(randomUniform), IS(randomNormal), IS(dropout),
  IS(nearestCentres), IS(nearerCentre), IS(addPotentials), IS(addRows), IS(centreDistances), IS(rowDistances),
  IS(triangularDensities), IS(diagonalDensities), IS(sphericalDensities), IS(responsibilities),
  IS(addWeightedRows), IS(addWeightedSquares), IS(addScatter),
  {NULL, NULL},
};
