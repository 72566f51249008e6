import type { ExactMethod } from "./exact-plan.ts";
import type { Progress } from "./newton.ts";

/** A solved linear model, in the units of its inputs. */
export interface ExactFit {
  readonly method: ExactMethod;
  /** `separated`: the likelihood has no finite maximum. */
  readonly ending: "converged" | "separated" | "not_converged";
  readonly iterations: number;
  /** Length of the last step in standard errors; null for a direct solution. */
  readonly lastStep: number | null;
  /** How often residuals in twice the precision corrected the solution. */
  readonly refinements: number;
  /** Σ (y − ŷ)² of least squares, else Σ −ln p up to what the labels alone decide; with the penalty, if there is one. */
  readonly objective: number;
  /** Contrast by contrast, each in the order of the columns, the intercept first. */
  readonly coefficients: Float64Array;
  /** The inverse of the information, without a dispersion, in the same order: of indeterminate columns it says nothing. Null where it was not asked for or is none. */
  readonly covariance: Float64Array | null;
  /** Positions of columns whose coefficients have no values of their own; 0 is the intercept. */
  readonly indeterminate: readonly number[];
  /** Columns that are independent of those before them. */
  readonly rank: number;
}

/** A checkpoint: resuming from it gives the same bits as never having stopped. Tensors: `coefficients`, `steps.0`, `changes.0`, … */
export interface ExactState {
  readonly meta: {
    readonly version: 1;
    readonly step: number;
    readonly computedMs: number;
    readonly progress: Progress;
  };
  readonly tensors: Readonly<Record<string, Float64Array>>;
}

/** What ends a fit from outside: the control word has spoken. */
export class FitInterrupted extends Error {
  constructor() {
    super("the fit is told to stop");
    this.name = "FitInterrupted";
  }
}
