import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";

/** A program and the rows that it takes of the batch; one that only updates takes none. */
export interface StepPart {
  readonly program: number;
  readonly rows: number;
}

/** A step's programs, one after another: of a full batch, and of an epoch's last one (the same where that is full). */
export interface StepPrograms {
  readonly step: readonly StepPart[];
  readonly lastStep: readonly StepPart[];
}

/** The trials that choose the penalty before the model is trained: for each penalty one with each fold. Positions in `l2s` and `programs` are those of the spec's factors. */
export interface SearchPlan {
  readonly l2s: readonly number[];
  /** The factor 1. */
  readonly start: number;
  /** Parts of the rows that take turns in judging a penalty. */
  readonly folds: number;
  /** Rows that a trial learns from, whole batches, and rows that judge it. */
  readonly trainRows: number;
  readonly holdOutRows: number;
  readonly stepsPerEpoch: number;
  readonly stepsPerTrial: number;
  /** Of all trials, if as many as possible are needed. */
  readonly steps: number;
  /** As many as are needed on average of the least and the most. */
  readonly usualSteps: number;
  readonly programs: readonly StepPrograms[];
  /** Answers for the rows that stand behind a trial's own in `order`. */
  readonly judge: { readonly full: number; readonly rest: number };
}

/** Which training rows belong together: the trials of a penalty hold them out as one. */
export interface TrialUnits {
  /** A number for each training row, in file order. */
  readonly of: Int32Array;
  /** Which are held out: those of the highest numbers, or random ones. */
  readonly order: "random" | "latest";
}

/** What each of several candidates, temperatures or shares of members, gains on held-out rows: sums over the rows, and of squares. */
export interface Gains {
  readonly rows: number;
  readonly sums: readonly number[];
  readonly squares: readonly number[];
}

/** What the search for a penalty remembers; positions are those of the spec's factors. */
export interface SearchState {
  /** The penalty that is tried; null: one is chosen. */
  readonly trial: number | null;
  /** The fold that judges, and what those before it said of this penalty: losses of rows, and the sum of the folds' mean losses of guessing. */
  readonly fold: number;
  readonly partial: readonly number[];
  readonly guessSum: number;
  readonly tried: readonly { readonly factor: number; readonly loss: number | null }[];
  /** The best so far, and its loss of each held-out row; null: it diverged. */
  readonly best: number;
  readonly losses: readonly number[] | null;
  /** Where a temperature is asked for: of the folds of this penalty so far, and of the best one, under each of the shares that an ensemble's members may have. */
  readonly heat?: readonly Gains[];
  readonly bestHeat?: readonly Gains[];
  /** The same of these shares. */
  readonly shares?: Gains;
  readonly bestShares?: Gains;
}

export type SearchSize = Omit<SearchPlan, "programs" | "judge">;

/** The counts of a search; null where the spec asks for none. */
export const sizeSearch = (
  spec: ResolvedJobSpec,
  { trainRows, trialRows = 0 }: { readonly trainRows: number; readonly trialRows?: number },
  batchRows: number,
): SearchSize | null => {
  const { penaltySearch, l2, epochs } = spec.training;
  if (!penaltySearch || trialRows === 0) return null;
  const { factors, folds } = penaltySearch;
  const start = factors.indexOf(1);
  // 1 first; then all above it, or one of them and all below.
  const [above, below] = [factors.length - 1 - start, start];
  const most = 1 + Math.max(above, Math.min(above, 1) + below);
  // One step each way that does not help.
  const least = 1 + Math.min(above, 1) + Math.min(below, 1);
  const stepsPerEpoch = trialRows / batchRows;
  const stepsPerTrial = stepsPerEpoch * epochs;
  return {
    l2s: factors.map((factor) => factor * l2),
    start,
    folds,
    trainRows: trialRows,
    holdOutRows: trainRows - trialRows,
    stepsPerEpoch,
    stepsPerTrial,
    steps: folds * most * stepsPerTrial,
    usualSteps: (folds * (least + most) * stepsPerTrial) / 2,
  };
};
