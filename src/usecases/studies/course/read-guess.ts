import type { SpecErrors } from "../../../domain/jobs/spec/spec-errors.ts";
import { toPointerSegment } from "../../../domain/pointer.ts";
import type { Study } from "../../../domain/studies/study.ts";
import type { TrialValues } from "../../../domain/studies/study-spec.ts";
import type { Dimension, Point } from "../../../search/dimension.ts";
import { fromValues } from "../../../search/values.ts";

/** The point of a user's guess. What is wrong with it is added to `errors`, beneath `place`; then null. */
export const readGuess = (
  space: Study["spec"]["space"],
  dimensions: readonly Dimension[],
  values: TrialValues,
  place: string,
  errors: SpecErrors,
): Point | null => {
  const found = fromValues(space, dimensions, values);
  if ("point" in found) return found.point;
  for (const pointer of found.missing)
    errors.add(`${place}/${toPointerSegment(pointer)}`, "is required: a guess has a value of every parameter");
  for (const pointer of found.foreign) errors.add(`${place}/${toPointerSegment(pointer)}`, "is not in the space");
  return null;
};
