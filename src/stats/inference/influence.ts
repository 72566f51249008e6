import type { Inference } from "../../domain/models/inference.ts";
import { weightAt } from "../sampling.ts";
import { mostLeverage } from "./sandwich.ts";
import { createMeans, pearsonOf, type SolvedFit } from "./solved-fit.ts";

const mostListed = 10;

interface RowInfluence {
  row: number;
  leverage: number;
  cooksDistance: number;
  residual: number;
}

const byInfluence = (a: RowInfluence, b: RowInfluence): number => b.cooksDistance - a.cooksDistance || a.row - b.row;

/** Leverage and Cook's distance of the training rows with the largest (Cook 1977; for generalised models Pregibon 1981); none where the rows have no leverages. A row that is fitted exactly whatever its label is has no distance. */
export const influenceOf = (
  fit: SolvedFit,
  leverages: Float64Array | null,
  dispersion: number,
): Inference["influence"] => {
  const { labels, rank, places } = fit;
  if (leverages === null || !(dispersion > 0) || !leverages.every(Number.isFinite)) return null;
  const means = createMeans(fit);
  let sum = 0;
  // Of millions of rows only these are kept.
  let largest: RowInfluence[] = [];
  for (let row = 0; row < labels.length; row++) {
    const {
      means: [mean],
    } = means(row);
    const residual = labels[row]! - mean!;
    const leverage = Math.min(1, Math.max(0, leverages[row]!));
    const pearson = weightAt(fit, row) * pearsonOf(fit, labels[row]!, mean!);
    sum += leverage;
    // Of 0 by 0 nothing is known: a note names such rows.
    if (leverage > mostLeverage) continue;
    const cooksDistance = (pearson * leverage) / (rank * dispersion * (1 - leverage) ** 2);
    const own = { row: places[row]!, leverage, cooksDistance, residual };
    if (largest.length === mostListed && byInfluence(own, largest.at(-1)!) >= 0) continue;
    largest = [...largest, own].sort(byInfluence).slice(0, mostListed);
  }
  return { meanLeverage: sum / labels.length, largest };
};
