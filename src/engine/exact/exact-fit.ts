import type { Table } from "../tensor/table.ts";
import type { Dispersion } from "./counts/dispersion.ts";
import type { Observed } from "./design.ts";
import type { ExactMethod, ExactModel } from "./exact-plan.ts";
import type { Progress } from "./newton.ts";

/** What is to be solved. */
export interface ExactTask extends Observed {
  readonly model: ExactModel;
  readonly method: ExactMethod;
  /** The inputs of the rows. */
  readonly features: Table<Float64Array>;
  readonly classes: number;
  /** Of the model `quantile`: which quantile of the label, above 0 and below 1. */
  readonly quantile?: number;
  /** Which input each column of the predictor is; the first is −1, the column of ones. */
  readonly columns: Int32Array;
  /**
   * c of Σ −w·ln p + ½ c Σ β² (of Σ w (y − ŷ)² + c Σ β² for numbers), over all coefficients but the intercepts, in the units that the features are in; 0: no
   * penalty.
   */
  readonly penalty: number;
  readonly mostIterations: number;
  /** Doubles that the method's matrix may take. */
  readonly work: Float64Array;
  /** What the rows of a quantile take beside (rowWorkDoubles); empty for other models. */
  readonly rowWork: Float64Array;
  /** Columns times contrasts whose covariances are wanted at most. */
  readonly mostCovariances: number;
}

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
  /** Σ (y − ŷ)² of least squares, Σ ρ(y − ŷ) of a quantile, else Σ −ln p up to what the labels alone decide (of a Gamma times its dispersion); with the penalty, if there is one. */
  readonly objective: number;
  /** Contrast by contrast, each in the order of the columns, the intercept first. */
  readonly coefficients: Float64Array;
  /** The inverse of the information, without a dispersion, in the same order: of indeterminate columns it says nothing. Null where it was not asked for or is none. */
  readonly covariance: Float64Array | null;
  /** Positions of columns whose coefficients have no values of their own; 0 is the intercept. */
  readonly indeterminate: readonly number[];
  /** Columns that are independent of those before them. */
  readonly rank: number;
  /** Of a negative binomial its θ; null: the counts vary no more than Poisson's. Left out: of other models. */
  readonly dispersion?: Dispersion;
  /** Of a quantile: how far its loss is above the least at most, and whether other coefficients fit as well. */
  readonly vertex?: { readonly gap: number; readonly unique: boolean };
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
