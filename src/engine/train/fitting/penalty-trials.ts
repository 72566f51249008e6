import type { SearchPlan, SearchState } from "../planning/plan-search.ts";
import type { TrainingEvent } from "../planning/training.ts";

/** A penalty replaces the best so far when it is better by this many standard errors of the paired differences: small ones are luck. */
const margin = 0.5;

type Losses = readonly number[] | null;

/** The mean loss of a row; null of a trial that diverged. */
export const meanLoss = (losses: Losses): number | null =>
  losses === null ? null : losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

/** Whether the held-out rows prefer the challenger, by the paired differences of their losses; to one that is worse than guessing, by the least. */
export const isPreferred = (challenger: Losses, best: Losses, guess: number): boolean => {
  if (challenger === null || best === null) return challenger !== null;
  const rows = best.length;
  const gains = best.map((loss, row) => loss - challenger[row]!);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / rows;
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) * (gain - mean), 0);
  if (meanLoss(best)! > guess) return mean > 0;
  return mean > margin * Math.sqrt(squares / (rows - 1) / rows);
};

export const firstTrial = ({ start }: SearchPlan): SearchState => ({
  trial: start,
  fold: 0,
  partial: [],
  guessSum: 0,
  tried: [],
  best: start,
  losses: null,
});

/**
 * The trial after this one: on in its direction while that helps; downwards when the first step upwards did not; else none. As long as the best so far is worse than
 * guessing, on upwards: penalties that are all far too small differ by luck alone.
 */
const nextTrial = ({ l2s, start }: SearchPlan, trial: number, helped: boolean, poor: boolean): number | null => {
  if (trial < start) return helped && trial > 0 ? trial - 1 : null;
  if ((helped || poor) && trial < l2s.length - 1) return trial + 1;
  const turns = !poor && (trial === start || (trial === start + 1 && !helped));
  return turns && start > 0 ? start - 1 : null;
};

/** A penalty has been judged by all folds. @param guess the mean loss of the same rows when a model only guesses */
const afterPenalty = (
  search: SearchPlan,
  state: SearchState,
  trial: number,
  losses: Losses,
  guess: number,
): SearchState => {
  const helped = trial === search.start || isPreferred(losses, state.losses, guess);
  const [best, kept] = helped ? [trial, losses] : [state.best, state.losses];
  const reached = meanLoss(kept);
  const { heat, shares, bestHeat, bestShares } = state;
  const [warmest, shared] = helped ? [heat, shares] : [bestHeat, bestShares];
  return {
    ...(warmest === undefined ? {} : { bestHeat: warmest }),
    ...(shared === undefined ? {} : { bestShares: shared }),
    trial: nextTrial(search, trial, helped, reached === null || reached > guess),
    fold: 0,
    partial: [],
    guessSum: 0,
    tried: [...state.tried, { factor: trial, loss: meanLoss(losses) }],
    best,
    losses: kept,
  };
};

/**
 * A trial has ended with these losses of its held-out rows; one that diverged spares the other folds.
 * @param guess their mean loss when a model only guesses
 */
export const afterTrial = (search: SearchPlan, state: SearchState, losses: Losses, guess: number): SearchState => {
  const { trial, fold } = state;
  if (trial === null) return state;
  const guessSum = state.guessSum + guess;
  const all = losses === null ? null : [...state.partial, ...losses];
  if (all === null || fold + 1 >= search.folds) return afterPenalty(search, state, trial, all, guessSum / (fold + 1));
  return { ...state, fold: fold + 1, partial: all, guessSum };
};

const shown = (loss: number | null): string => (loss === null ? "diverged" : loss.toPrecision(4));

/** What the search has found, for the job's event log. */
export const chosenEvent = (search: SearchPlan, state: SearchState, factors: readonly number[]): TrainingEvent => {
  const l2 = search.l2s[state.best]!;
  const tried = state.tried.map(({ factor, loss }) => `${factors[factor]}: ${shown(loss)}`).join(", ");
  return {
    level: "info",
    type: "penalty_chosen",
    message: `l2 = ${l2.toPrecision(4)} is chosen, ${factors[state.best]} times the start; loss of held-out training rows (${search.folds} × ${search.holdOutRows}) by factor: ${tried}. Now training on all training rows`,
    data: {
      l2,
      factor: factors[state.best]!,
      folds: search.folds,
      rows: search.holdOutRows,
      factors: state.tried.map(({ factor }) => factors[factor]!),
      losses: state.tried.map(({ loss }) => String(loss ?? "diverged")),
    },
  };
};
