import type { Kernels } from "./interface.ts";
import { referenceActivations } from "./reference/activations.ts";
import { referenceConvolution } from "./reference/convolution.ts";
import { referenceElementwise } from "./reference/elementwise.ts";
import { referenceGather } from "./reference/gather.ts";
import { referenceLosses } from "./reference/losses.ts";
import { referenceMatrix } from "./reference/matrix.ts";
import { createReferenceMemory, type ElementBytes } from "./reference/memory.ts";
import { referenceNormalisation } from "./reference/normalisation.ts";
import { referenceOptimisers } from "./reference/optimisers.ts";
import { referencePooling } from "./reference/pooling.ts";
import { referenceRandom } from "./reference/random.ts";
import { referenceRearrangement } from "./reference/rearrangement.ts";
import { referenceReductions } from "./reference/reductions.ts";

/**
 * The slow truth: every kernel as its formula says, computed in f64 and rounded once when it is stored.
 * Tensors in `buffer` have `elementBytes` bytes an element: 4 to stand in for the WebAssembly kernels on the same bytes, 8 for gradient checks by central
 * differences. Pointers are byte offsets in both cases (multiples of 8); i32 and f64 blocks keep their sizes. Allocate count · elementBytes bytes for a tensor.
 */
export const createReferenceKernels = (buffer: ArrayBufferLike, elementBytes: ElementBytes): Kernels => {
  const memory = createReferenceMemory(buffer, elementBytes);
  return {
    ...referenceElementwise(memory),
    ...referenceActivations(memory),
    ...referenceReductions(memory),
    ...referenceRearrangement(memory),
    ...referenceMatrix(memory),
    ...referenceConvolution(memory),
    ...referencePooling(memory),
    ...referenceNormalisation(memory),
    ...referenceLosses(memory),
    ...referenceRandom(memory),
    ...referenceGather(memory),
    ...referenceOptimisers(memory),
  };
};
