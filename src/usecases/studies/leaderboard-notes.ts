import type { ReportNote } from "../../domain/models/report.ts";
import type { BestTrial, Trial } from "../../domain/studies/study.ts";

/** Which trials have no rows to compare any more: their models were deleted, and with them what they made of each row. */
const withoutScores = (
  order: readonly Trial[],
  scores: readonly { number: number }[],
  reference: number | null,
): ReportNote[] => {
  const gone = order.filter(({ number }) => !scores.some((each) => each.number === number));
  if (gone.length === 0) return [];
  const named = gone.slice(0, 10).map(({ number }) => number);
  const rest = gone.length > named.length ? ` and ${gone.length - named.length} more` : "";
  const best = order[0]?.number;
  const [whose, has, among] =
    gone.length === 1
      ? [`the model of trial ${named[0]} was`, "it has", "it is the best"]
      : [`the models of trials ${named.join(", ")}${rest} were`, "they have", `trial ${best}, the best, is among them`];
  const instead =
    reference === null || reference === best ? "" : `; ${among}, and so differences are from trial ${reference}`;
  const message = `${whose} deleted or left no scores of rows: ${has} no difference${instead}; keep the models of trials as long as they are to be compared`;
  return [{ code: "no_scores", message }];
};

/** The correction is of the choice among those that came to their end; that they did was chosen on the same rows, too. */
const afterStopping = (trials: readonly Trial[], best: BestTrial | null): ReportNote[] => {
  const stopped = trials.filter(({ state }) => state === "stopped").length;
  if (stopped === 0 || best === null || best.corrected === null) return [];
  const ended = trials.filter(({ state }) => state === "succeeded").length;
  const were = stopped === 1 ? "1 trial was" : `${stopped} trials were`;
  const choice =
    ended === 1
      ? "no choice, as 1 trial alone came to its end"
      : `the choice among the ${ended} that came to their end alone`;
  const message = `${were} stopped on the way and left no scores of rows: \`corrected\` knows of ${choice}, and may still be a little too good; the final model's report has test rows that chose nothing`;
  return [{ code: "stopped_trials", message }];
};

interface Compared {
  trials: readonly Trial[];
  /** The succeeded ones, best first. */
  order: readonly Trial[];
  scores: readonly { number: number }[];
  reference: number | null;
  best: BestTrial | null;
}

/** What the leaderboard cannot compare, and why. */
export const notesOf = ({ trials, order, scores, reference, best }: Compared): ReportNote[] => [
  ...withoutScores(order, scores, reference),
  ...afterStopping(trials, best),
];
