import type { Kernels } from "../../../src/engine/kernels/interface.ts";
import type { CasesOf } from "./case.ts";
import { activationCases, elementwiseCases } from "./cases/elementwise.ts";
import { convolutionCases, matrixCases, poolingCases } from "./cases/matrix.ts";
import { patchCases } from "./cases/patches.ts";
import { normalisationCases, reductionCases } from "./cases/reductions.ts";
import { gatherCases, lossCases, optimiserCases, randomCases } from "./cases/training.ts";

/** A kernel without a case does not compile. */
export const kernelCases: CasesOf<Kernels> = {
  ...elementwiseCases,
  ...activationCases,
  ...reductionCases,
  ...matrixCases,
  ...convolutionCases,
  ...patchCases,
  ...poolingCases,
  ...normalisationCases,
  ...lossCases,
  ...randomCases,
  ...gatherCases,
  ...optimiserCases,
};
