import type { Outcome } from "../outcome.ts";

/** As many as TPE draws at random before it begins. */
const enough = 10;

const reachOf = ({ state, epochs }: Outcome): number => (state === "complete" ? Number.POSITIVE_INFINITY : epochs);

/**
 * Under successive halving what a proposal goes by: the results of trials that came to the last rung, which lies from 1/reduction of the epochs on, or beyond.
 * Few epochs favour what learns fast; a density of trials that were compared after few would propose that again and again, and halving by few epochs would let it
 * pass. Running trials stay.
 */
export const afterManyEpochs = (
  outcomes: readonly Outcome[],
  { epochs, reduction }: { epochs: number; reduction: number },
): Outcome[] => outcomes.filter((outcome) => outcome.state === "running" || reachOf(outcome) >= epochs / reduction);

/** The rule of earlier versions: results of the trials that came as far as at least ten have, whose proposals are to follow again from their records. */
export const atHighestLevel = (outcomes: readonly Outcome[]): Outcome[] => {
  const known = outcomes.filter(({ state, value }) => state !== "running" && value !== null);
  const levels = [...new Set(known.map(reachOf))].sort((a, b) => b - a);
  const level = levels.find((each) => known.filter((outcome) => reachOf(outcome) >= each).length >= enough);
  if (level === undefined) return [...outcomes];
  return outcomes.filter((outcome) => outcome.state === "running" || reachOf(outcome) >= level);
};
