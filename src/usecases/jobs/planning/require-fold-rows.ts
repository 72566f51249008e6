import type { Fit } from "../../../data/splits/fits.ts";
import { invalidAt } from "../../../domain/errors.ts";

const remedyOf = ({ split, crossValidation }: Fit["spec"]["training"]): string => {
  const by = crossValidation?.by ?? split.by;
  if (by !== undefined) return `name a column of smaller groups than ${JSON.stringify(by)}, or set it to 0`;
  return "take more folds, upload more rows, or set it to 0";
};

/** Every fold has rows that validate, where the job wants some: what remains to it may be few groups. */
export const requireFoldRows = (fits: readonly Fit[]): void => {
  for (const { spec, shape, heldOut } of fits) {
    if (heldOut === null || spec.training.split.validation === 0 || shape.validationRows > 0) continue;
    const fold = `fold ${heldOut.fold + 1}${heldOut.repeat === 0 ? "" : ` of repeat ${heldOut.repeat + 1}`}`;
    const detail = `the ${shape.trainRows} rows that ${fold} learns from leave none to validate; ${remedyOf(spec.training)}`;
    throw invalidAt("/training/split/validation", detail);
  }
};
