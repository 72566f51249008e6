import type { Leaderboard } from "../domain/studies/standing.ts";

/** What the rows' scores of a leaderboard are, as it is told to people. */
export const scoreNames: Readonly<Record<Leaderboard["score"], string>> = {
  ...{ loss: "losses", error: "shares of errors", squaredError: "squared errors" },
};

/** What its rows are. */
export const unitNames: Readonly<Record<Leaderboard["unit"], string>> = {
  ...{ validation_row: "validation rows", out_of_fold_row: "rows, each held out by a fold", group: "groups" },
};
