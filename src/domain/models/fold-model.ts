import type { HeldOut } from "../jobs/spec/folds/cross-validation-spec.ts";
import type { Preprocessing } from "./model.ts";

/** What beside its weights makes a member of the ensemble of folds' models: which rows it has not seen, and how it takes the others. */
export interface FoldModel extends HeldOut {
  readonly preprocessing: Preprocessing;
}

/** The file beside the weights of such an ensemble; in the order of their first axis. */
export interface FoldModels {
  readonly models: readonly FoldModel[];
}
