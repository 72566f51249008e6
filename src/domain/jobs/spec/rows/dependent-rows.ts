import type { ResolvedJobSpec } from "../job-spec.ts";

/** Rows of a group, or of other times, are not exchangeable with new ones. */
export const hasDependentRows = ({ training }: Pick<ResolvedJobSpec, "training">): boolean =>
  training.split.by !== undefined || training.split.time !== undefined || training.crossValidation?.by !== undefined;
