import { type ActivationKernels, activationInfo } from "./families/activations.ts";
import { type ConvolutionKernels, convolutionInfo } from "./families/convolution.ts";
import { type ElementwiseKernels, elementwiseInfo } from "./families/elementwise.ts";
import { type GatherKernels, gatherInfo } from "./families/gather.ts";
import { type LossKernels, lossInfo } from "./families/losses.ts";
import { type MatrixKernels, matrixInfo } from "./families/matrix.ts";
import { type NormalisationKernels, normalisationInfo } from "./families/normalisation.ts";
import { type OptimiserKernels, optimiserInfo } from "./families/optimisers.ts";
import { type PoolingKernels, poolingInfo } from "./families/pooling.ts";
import { type RandomKernels, randomInfo } from "./families/random.ts";
import { type RearrangementKernels, rearrangementInfo } from "./families/rearrangement.ts";
import { type ReductionKernels, reductionInfo } from "./families/reductions.ts";
import type { InfoOf } from "./kernel-info.ts";

/**
 * The engine's arithmetic, one function for each kernel, over one memory.
 *
 * - A tensor argument is a byte offset into the memory, 16-byte aligned where the planner places it; 0 means "none" where an argument may be absent, so no
 *   tensor lies at 0. Tensors are row-major. Strides, counts and units are elements, never bytes.
 * - A tensor element has 4 bytes (f32) in the WebAssembly kernels; in reference.ts 4 or 8 (f64), chosen when it is created. Labels, indices and
 *   winners are i32 and partial sums, scales and hyper-parameters f64, in both.
 * - The last two arguments of every kernel, (start, end), are a half-open range of units of its output (see each docstring). Threads run disjoint
 *   ranges of one call; a barrier stands before a call that reads another's output. The bits of an output element do not depend on the cut.
 * - A `scratch` argument is `scratchBytes` bytes that belong to the calling thread: the one argument that differs between threads.
 * - Kernels allocate nothing and keep no state.
 */
export interface Kernels
  extends ElementwiseKernels,
    ActivationKernels,
    ReductionKernels,
    RearrangementKernels,
    MatrixKernels,
    ConvolutionKernels,
    PoolingKernels,
    NormalisationKernels,
    LossKernels,
    RandomKernels,
    GatherKernels,
    OptimiserKernels {}

export type KernelName = keyof Kernels;

/** Argument names, split unit and preferred grain of every kernel. */
export const kernelInfo: InfoOf<Kernels> = {
  ...elementwiseInfo,
  ...activationInfo,
  ...reductionInfo,
  ...rearrangementInfo,
  ...matrixInfo,
  ...convolutionInfo,
  ...poolingInfo,
  ...normalisationInfo,
  ...lossInfo,
  ...randomInfo,
  ...gatherInfo,
  ...optimiserInfo,
};
