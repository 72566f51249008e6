import type { Estimate } from "../domain/models/estimate.ts";
import { estimateMean, mean, quantilesOf } from "../stats/estimate.ts";
import { createDraws, drawPurposes } from "./draws.ts";

/** What a trial's model made of each validation row; less is better. All trials have the same rows. */
export interface RowScores {
  readonly number: number;
  readonly scores: Float32Array;
  /** Weights of the model. */
  readonly parameters: number;
}

export interface Compared {
  readonly number: number;
  /** Mean score minus the best trial's, over the same rows; 0 for the best. */
  readonly difference: Estimate;
  /** Cannot be told from the best: the interval holds 0. */
  readonly tied: boolean;
}

/**
 * Each trial's difference to the best, row by row: what all find hard cancels out.
 * @param inflation of the variance, where the scores are of folds whose models share training rows
 */
export const compareTrials = (trials: readonly RowScores[], best: number, inflation = 1): Compared[] => {
  const reference = trials.find(({ number }) => number === best);
  if (reference === undefined) return [];
  return trials.map(({ number, scores }) => {
    if (number === best) return { number, difference: { value: 0, lower: null, upper: null }, tied: true };
    const sampling = inflation === 1 ? null : { unitOf: Int32Array.from(scores.keys()), inflation };
    const difference = estimateMean(
      scores.map((score, row) => score - reference.scores[row]!),
      // Student's own interval: what a study chose once, it chooses again.
      { skewness: 0 },
      sampling,
    );
    const { value, lower } = difference;
    return { number, difference, tied: lower === null ? value === 0 : lower <= 0 };
  });
};

/** Of those that cannot be told from the best the one with the fewest weights, the earliest of several. */
export const simplestOf = (trials: readonly RowScores[], compared: readonly Compared[]): number | null => {
  const tied = new Set(compared.filter((each) => each.tied).map(({ number }) => number));
  const simplest = trials
    .filter(({ number }) => tied.has(number))
    .toSorted((a, b) => a.parameters - b.parameters || a.number - b.number)[0];
  return simplest?.number ?? null;
};

/** Trials that a bootstrap sample may choose from: worse ones are hardly ever chosen. */
const mostTrials = 100;
const samples = 200;

/**
 * What the choice of the best of these trials is worth on new rows: bootstrap bias-corrected (Tsamardinos, Greasidou & Borboudakis 2018). In each sample of the
 * rows the best on it is chosen, and measured on the rows that are not in it, beside the best of all: where both are one, nothing is corrected, and never towards
 * the better. The interval is the bootstrap's own, of the best trial's mean, moved by the correction and as wide as what was measured outside.
 * A trial that is chosen is worth its mean over all rows in the end: one row's huge loss, met only outside, adds no more than that. Null for fewer than ten rows.
 * `turn` is awaited between samples.
 */
export const correctForChoice = async (
  trials: readonly RowScores[],
  seed: number,
  turn: () => Promise<void> = async () => {},
): Promise<Estimate | null> => {
  const rows = trials[0]?.scores.length ?? 0;
  if (rows < 10) return null;
  const candidates = trials
    .map((trial) => ({ ...trial, mean: mean(trial.scores) }))
    .sort((a, b) => a.mean - b.mean || a.number - b.number)
    .slice(0, mostTrials);
  let sum = 0;
  let worst = candidates[0]!.mean;
  const [own, outsides] = [new Float64Array(samples), new Float64Array(samples)];
  for (let sample = 0; sample < samples; sample++) {
    const draws = createDraws(seed, drawPurposes.bootstrap, sample);
    const counts = new Float64Array(rows);
    for (let i = 0; i < rows; i++) counts[draws.below(rows)]! += 1;
    let chosen: { inside: number; outside: number; mean: number } | null = null;
    let reference = 0;
    for (const { scores, mean: whole } of candidates) {
      let [inside, outside, left] = [0, 0, 0];
      for (let row = 0; row < rows; row++) {
        inside += counts[row]! * scores[row]!;
        if (counts[row] === 0) {
          outside += scores[row]!;
          left += 1;
        }
      }
      if (chosen === null) [own[sample], reference] = [inside / rows, outside / Math.max(1, left)];
      if (chosen === null || inside < chosen.inside)
        chosen = { inside, outside: outside / Math.max(1, left), mean: whole };
    }
    worst = Math.max(worst, chosen?.mean ?? worst);
    outsides[sample] = chosen?.outside ?? 0;
    sum += outsides[sample]! - reference;
    await turn();
  }
  const correction = Math.min(Math.max(0, sum / samples), worst - candidates[0]!.mean);
  const value = candidates[0]!.mean + correction;
  const [low, high] = [own, outsides].map((values) => quantilesOf(values, [0.025, 0.975]).map((each) => each.value));
  const ends = [low![0]! + correction, low![1]! + correction, value];
  const all = correction === 0 ? ends : [...ends, ...high!];
  return { value, lower: Math.min(...all), upper: Math.max(...all) };
};
