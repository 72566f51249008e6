import { scoreNames, unitNames } from "../../client/score-names.ts";
import type { Leaderboard, Study } from "../../client/types.ts";
import { type Output, toShort, toTable } from "../output.ts";

const shown = 10;

const intervalOf = (lower: number | null, upper: number | null): string =>
  lower === null || upper === null ? "" : ` (${toShort(lower)} to ${toShort(upper)})`;

const valueText = (value: unknown): string => (typeof value === "number" ? toShort(value) : JSON.stringify(value));

const standingsOf = ({ items }: Leaderboard, pointers: readonly string[]): string[][] =>
  items
    .slice(0, shown)
    .map(({ trial, objective, difference, tied, values }) => [
      String(trial),
      toShort(objective),
      difference === null ? "–" : `${toShort(difference.value)}${intervalOf(difference.lower, difference.upper)}`,
      tied === true ? "tied" : "",
      ...pointers.map((pointer) => valueText(values[pointer])),
    ]);

const showFinal = ({ say }: Output, { final }: Study): void => {
  if (final?.model == null) return;
  const tested = Object.entries(final.metrics).filter(([name]) => name.startsWith("test"));
  const metrics = tested.map(([name, value]) => `${name} ${toShort(value)}`).join(", ");
  const rows = tested.length > 0 ? `training and validation rows: ${metrics}` : "all rows: none is left to test it";
  say(`\nTrained once more on ${rows}`);
  say(`Model ${final.model}: descent predict ${final.model} rows.csv`);
};

/** The best trials with what tells them apart, what the choice is worth, and the model that was made of it. */
export const showStudy = (output: Output, study: Study, leaderboard: Leaderboard): void => {
  const { say } = output;
  const { best, spec, counts } = study;
  const { metric } = spec.objective;
  const pointers = Object.keys(spec.space);
  say(`\n${counts.succeeded} of ${counts.trials} trials came to their end, ${counts.stopped} were stopped\n`);
  say(toTable(["trial", metric, "from the best", "", ...pointers], standingsOf(leaderboard, pointers), "  "));
  // The leaderboard itself ends after a hundred.
  const more = counts.succeeded - shown;
  if (more > 0) say(`  and ${more} more`);
  say(
    `\n"from the best": difference of their ${scoreNames[leaderboard.score]} over the same ${leaderboard.rows} ${unitNames[leaderboard.unit]}`,
  );
  if (leaderboard.simplest !== null && leaderboard.simplest !== best?.trial)
    say(`Trial ${leaderboard.simplest} is the simplest of those that cannot be told from the best`);
  if (best !== null) {
    say(`\nTrial ${best.trial}: ${metric} ${toShort(best.value)} on the rows by which it was chosen`);
    if (best.corrected !== null)
      say(`Corrected for having been chosen: ${toShort(best.corrected)}${intervalOf(best.lower, best.upper)}`);
  }
  showFinal(output, study);
  for (const { message } of leaderboard.notes) say(`\n  Note: ${message}`);
};
