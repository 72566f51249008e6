import type { Leaderboard } from "../domain/studies/standing.ts";

/** What the rows' scores of a leaderboard are, as it is told to people. */
export const scoreNames: Readonly<Record<Leaderboard["score"], string>> = {
  ...{ loss: "losses", error: "shares of errors", squaredError: "squared errors" },
};
