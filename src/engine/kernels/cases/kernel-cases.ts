import type { Kernels } from "../interface.ts";
import type { CasesOf } from "./case.ts";
import { activationCases, elementwiseCases } from "./elementwise.ts";
import { convolutionCases, matrixCases, poolingCases } from "./matrix.ts";
import { rearrangementCases } from "./rearrangement.ts";
import { normalisationCases, reductionCases } from "./reductions.ts";
import { gatherCases, lossCases, optimiserCases, randomCases } from "./training.ts";

/** A kernel without a case does not compile. */
export const kernelCases: CasesOf<Kernels> = {
  ...elementwiseCases,
  ...activationCases,
  ...reductionCases,
  ...rearrangementCases,
  ...matrixCases,
  ...convolutionCases,
  ...poolingCases,
  ...normalisationCases,
  ...lossCases,
  ...randomCases,
  ...gatherCases,
  ...optimiserCases,
};
