/**
 * Mean and sum of squared deviations in one pass without cancellation (Welford, "Note on a method for calculating corrected sums of squares and
 * products", Technometrics 4, 1962).
 */
export interface RunningMoments {
  count: number;
  mean: number;
  /** Σ(x − mean)² */
  squares: number;
}

export const createRunningMoments = (): RunningMoments => ({ count: 0, mean: 0, squares: 0 });

export const addValue = (moments: RunningMoments, value: number): void => {
  moments.count += 1;
  const before = value - moments.mean;
  moments.mean += before / moments.count;
  moments.squares += before * (value - moments.mean);
};

/** √(Σ(x − mean)²/(n − 1)); 0 for fewer than two values. */
export const sampleDeviation = ({ count, squares }: RunningMoments): number =>
  count < 2 ? 0 : Math.sqrt(squares / (count - 1));

/** √(Σ(x − mean)²/n), as standardising uses it; 0 for none. */
export const populationDeviation = ({ count, squares }: RunningMoments): number =>
  count === 0 ? 0 : Math.sqrt(squares / count);
