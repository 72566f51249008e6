import type { Fit } from "../../../src/data/splits/fits.ts";
import { isExact, planExact } from "../../../src/engine/exact/exact-plan.ts";
import { cutEpoch } from "../../../src/engine/train/planning/draft-programs.ts";
import { sizeSearch } from "../../../src/engine/train/planning/plan-search.ts";

/** Steps of one fit as they are planned, and one for what follows its last: the numbers of a fit's checkpoints are its own. */
export const stepsOf = ({ spec, shape }: Fit): number => {
  if (isExact(spec)) return planExact(spec, shape).steps + 1;
  const { batchRows, stepsPerEpoch } = cutEpoch(spec, shape.trainRows);
  const search = sizeSearch(spec, shape, batchRows)?.steps ?? 0;
  return stepsPerEpoch * spec.training.epochs + search + 1;
};
