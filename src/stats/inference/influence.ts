import type { Inference } from "../../domain/models/inference.ts";
import { weightAt } from "../sampling.ts";
import { createMeans, pearsonOf, type SolvedFit } from "./solved-fit.ts";

const mostListed = 10;

interface RowInfluence {
  row: number;
  leverage: number;
  cooksDistance: number;
  residual: number;
}

/** Leverage and Cook's distance of each training row (Cook 1977; for generalised models Pregibon 1981); none where the rows have no leverages. */
export const influenceOf = (
  fit: SolvedFit,
  leverages: Float64Array | null,
  dispersion: number,
): RowInfluence[] | null => {
  const { labels, rank, places } = fit;
  if (leverages === null || !(dispersion > 0) || !leverages.every(Number.isFinite)) return null;
  const means = createMeans(fit);
  return Array.from({ length: labels.length }, (_, row) => {
    const {
      means: [mean],
    } = means(row);
    const residual = labels[row]! - mean!;
    const leverage = Math.min(1, Math.max(0, leverages[row]!));
    const pearson = weightAt(fit, row) * pearsonOf(fit, labels[row]!, mean!);
    const cooksDistance = leverage < 1 ? (pearson * leverage) / (rank * dispersion * (1 - leverage) ** 2) : 0;
    return { row: places[row]!, leverage, cooksDistance, residual };
  });
};

export const describeInfluence = (rows: RowInfluence[] | null): Inference["influence"] => {
  if (rows === null) return null;
  const largest = rows.toSorted((a, b) => b.cooksDistance - a.cooksDistance || a.row - b.row).slice(0, mostListed);
  return { meanLeverage: rows.reduce((sum, { leverage }) => sum + leverage, 0) / rows.length, largest };
};
