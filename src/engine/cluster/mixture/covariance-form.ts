import { type Block, blocksOf, type Points, type RowWork } from "../points.ts";

export type CovarianceName = "full" | "diagonal" | "spherical" | "tied";

/** Parameters of a mixture of k Gaussians in d dimensions: `weights` [k], `means` [k, d], `covariances` as the form says. */
export interface Mixture {
  readonly weights: Float64Array;
  readonly means: Float64Array;
  readonly covariances: Float64Array;
}

/** What one iteration of EM works in. */
export interface MixtureWork extends RowWork {
  /** [rows, k], or of one block. */
  readonly responsibilities: Float64Array;
  /** Rows of a block whose responsibilities are held until the next block's; null: those of all rows are. */
  readonly weighedRows: number | null;
  /** [k]: Σ over rows of the responsibilities. */
  readonly counts: Float64Array;
  /** What `factor` makes of the covariances. */
  readonly factors: Float64Array;
}

/** The responsibilities of a block's rows, [rows, k], until those of another are asked for. */
export type WeightsOf = (block: Block) => Float64Array;

/** All rows, in blocks whose responsibilities can be held. */
export const weighedBlocks = (points: Points, { weighedRows }: MixtureWork): Generator<Block> =>
  blocksOf(points, weighedRows ?? points.blockRows);

/** A way of restricting the covariance matrices of a mixture's components. */
export interface CovarianceForm {
  /** Of the tensor `covariances`, as scikit-learn shapes it. */
  shape(k: number, d: number): readonly number[];
  /** Free numbers in the covariances, for BIC and AIC. */
  freeParameters(k: number, d: number): number;
  factorSize(k: number, d: number): number;
  /** Floating-point operations a row of the density and of the estimate. */
  flopsPerRow(k: number, d: number): number;
  /** Prepares the densities. Returns the first component whose covariance is not positive definite, or −1. */
  factor(mixture: Mixture, k: number, d: number, factors: Float64Array): number;
  /** The least variance of any component, along an axis or given the inputs before it. From `factors`. */
  leastVariance(factors: Float64Array, k: number, d: number): number;
  /** out[row · k + c] = ln N(x | μ_c, Σ_c) of a block's rows for each component; `out` begins with the block's first row. */
  logDensities(block: Block, k: number, d: number, mixture: Mixture, work: MixtureWork, out: Float64Array): void;
  /** The maximum-likelihood covariances around the new means, plus `regularization` on the diagonal. */
  estimate(
    points: Points,
    k: number,
    mixture: Mixture,
    work: MixtureWork,
    weightsOf: WeightsOf,
    regularization: number,
  ): void;
}

/** ln 2π */
export const logTwoPi = 1.8378770664093456;
