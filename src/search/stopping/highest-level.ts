import type { Outcome } from "../outcome.ts";

/** As many as TPE draws at random before it begins. */
const enough = 10;

/**
 * Under successive halving what a proposal goes by: of the results those of the trials that came as far as at least ten have, as BOHB does (Falkner, Klein & Hutter
 * 2018). Few epochs favour what learns fast, and a density of all trials would propose that again and again. Running trials stay.
 */
export const atHighestLevel = (outcomes: readonly Outcome[]): Outcome[] => {
  const reachOf = ({ state, epochs }: Outcome): number => (state === "complete" ? Number.POSITIVE_INFINITY : epochs);
  const known = outcomes.filter(({ state, value }) => state !== "running" && value !== null);
  const levels = [...new Set(known.map(reachOf))].sort((a, b) => b - a);
  const level = levels.find((each) => known.filter((outcome) => reachOf(outcome) >= each).length >= enough);
  if (level === undefined) return [...outcomes];
  return outcomes.filter((outcome) => outcome.state === "running" || reachOf(outcome) >= level);
};
