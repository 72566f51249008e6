import { featureWidth } from "../../data/preprocessing/data-shape.ts";
import type { Inference } from "../../domain/models/inference.ts";
import { invert } from "../coefficients/positive-definite.ts";
import { upperTailChiSquared, upperTailF } from "../coefficients/tail-probability.ts";
import type { SolvedFit } from "./solved-fit.ts";

type Test = NonNullable<Inference["overall"]>;

/** Twice the difference of the log-likelihoods of two models, one nested in the other, is χ² with as many degrees of freedom as coefficients differ (Wilks 1938). */
export const likelihoodRatioTest = (
  smaller: { logLikelihood: number; parameters: number },
  larger: { logLikelihood: number; parameters: number },
): Test => {
  const degrees = larger.parameters - smaller.parameters;
  const statistic = Math.max(0, 2 * (larger.logLikelihood - smaller.logLikelihood));
  return {
    ...{ statistic, distribution: "chi-squared", degrees, residualDegrees: null },
    pValue: upperTailChiSquared(statistic, degrees),
  };
};

/** What least squares lose without `degrees` columns, over the residual variance. */
export const fTest = (lost: number, degrees: number, variance: number, residualDegrees: number): Test => {
  const statistic = Math.max(0, lost) / degrees / variance;
  return {
    ...{ statistic, distribution: "F", degrees, residualDegrees },
    pValue: upperTailF(statistic, degrees, residualDegrees),
  };
};

/** The columns of each feature: they leave the model together. */
export const columnsByFeature = ({
  columns,
  preprocessing,
}: Pick<SolvedFit, "columns" | "preprocessing">): { feature: string; positions: number[] }[] => {
  const owner: number[] = preprocessing.features.flatMap((feature, index) =>
    new Array<number>(featureWidth(feature)).fill(index),
  );
  return preprocessing.features.flatMap(({ column }, index) => {
    const positions = Array.from(columns.keys()).filter((j) => columns[j]! >= 0 && owner[columns[j]!] === index);
    return positions.length === 0 ? [] : [{ feature: column, positions }];
  });
};

/** Of numbers: what Σ (y − ŷ)² grows by without the columns is βᵀ V⁻¹ β of their own part of the inverse information. */
export const featureTests = (fit: SolvedFit, variance: number, residualDegrees: number): Inference["features"] => {
  const { covariance, coefficients, columns, indeterminate } = fit;
  if (covariance === null || indeterminate.length > 0 || !(variance > 0) || residualDegrees < 1) return [];
  const width = columns.length;
  return columnsByFeature(fit).flatMap(({ feature, positions }) => {
    const size = positions.length;
    const values = new Float64Array(size * size);
    for (const [a, i] of positions.entries())
      for (const [b, j] of positions.entries()) values[a * size + b] = covariance[i * width + j]!;
    const inverted = invert({ size, values });
    if ("dependent" in inverted) return [];
    let lost = 0;
    for (const [a, i] of positions.entries())
      for (const [b, j] of positions.entries())
        lost += coefficients[i]! * inverted.inverse[a * size + b]! * coefficients[j]!;
    return [{ feature, ...fTest(lost, size, variance, residualDegrees) }];
  });
};
