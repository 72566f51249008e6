import { mean, sampleVariance, studentQuantile } from "../../stats/estimate.ts";

/**
 * Where the 95 % interval of a trial's difference from the best begins, over the folds or seeds that both have: mean − t · s · √(1/n + shared). `shared` is what
 * models of folds have in common, 1/(folds − 1) (Nadeau & Bengio 2003); 0 for seeds, which are drawn apart. Differences that are all alike are known exactly.
 * Null: fewer than two.
 * @param own scores so far, which fall towards the better
 */
export const lowerDifference = (own: readonly number[], best: readonly number[], shared: number): number | null => {
  const both = Math.min(own.length, best.length);
  if (both < 2) return null;
  const differences = Float64Array.from({ length: both }, (_, i) => own[i]! - best[i]!);
  const width = Math.sqrt(sampleVariance(differences) * (1 / both + shared));
  return mean(differences) - studentQuantile(both - 1) * width;
};

/** What models of folds have in common; see lowerDifference. */
export const sharedByFolds = (folds: number): number => 1 / (folds - 1);
