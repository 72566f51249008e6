import type { Leaderboard, Standing } from "../../../domain/studies/standing.ts";
import type { Trial } from "../../../domain/studies/study.ts";
import { formatNumber } from "../format.ts";
import { Table, type TableColumn } from "../list-view.tsx";
import { behindOf, faultsOf, firstOf } from "./study-data.ts";

export const interval = (lower: number | null, upper: number | null): string =>
  lower === null || upper === null ? "" : ` (${formatNumber(lower)} to ${formatNumber(upper)})`;

const valuesOf = (values: Trial["values"]) =>
  Object.entries(values).map(([pointer, value]) => (
    <div key={pointer} class="small">
      <code>{pointer}</code> {typeof value === "number" ? formatNumber(value) : JSON.stringify(value)}
    </div>
  ));

const standings = (leaderboard: Leaderboard): readonly TableColumn<Standing>[] => [
  { title: "Trial", cell: ({ trial, job }) => <a href={`#/jobs/${job}`}>{trial}</a> },
  { title: "Values", cell: ({ values }) => valuesOf(values) },
  { title: "Objective", number: true, cell: ({ objective }) => formatNumber(objective) },
  {
    title: behindOf(leaderboard).title,
    number: true,
    cell: ({ difference, trial }) =>
      difference === null || trial === leaderboard.reference
        ? "–"
        : `${formatNumber(difference.value)}${interval(difference.lower, difference.upper)}`,
  },
  {
    title: "Parameters",
    number: true,
    cell: ({ parameters }) => (parameters === null ? "–" : formatNumber(parameters)),
  },
  {
    title: "Verdict",
    cell: ({ tied, trial }) => (
      <>
        {trial === leaderboard.best?.trial && <span class="tag">best</span>}
        {tied === true && trial !== leaderboard.best?.trial && <span class="tag">not told apart</span>}
        {trial === leaderboard.simplest && <span class="tag">simplest of those</span>}
      </>
    ),
  },
];

/** The best trials, and how many more there are. */
export const Standings = ({ leaderboard, succeeded }: { leaderboard: Leaderboard; succeeded: number }) => {
  const { items, more } = firstOf(leaderboard.items, 20, Math.max(succeeded, leaderboard.items.length));
  return (
    <>
      <Table items={items} keyOf={({ job }) => job} columns={standings(leaderboard)} />
      {more !== null && <p class="muted">{more}: see all trials as CSV</p>}
      {leaderboard.reference !== null && <p class="muted">{behindOf(leaderboard).told}</p>}
    </>
  );
};

/** What trials died of. */
export const Faults = ({ trials }: { trials: readonly Trial[] }) => {
  const { items, more } = firstOf(faultsOf(trials), 3);
  return (
    <>
      {items.map(({ error, first, count }) => (
        <p key={error} class="notice plain">
          <a href={`#/jobs/${first.job}`}>{`Trial ${first.number}`}</a>
          {count > 1 && ` and ${count - 1} more`} failed: {error}
        </p>
      ))}
      {more !== null && <p class="muted">{more}: see all trials as CSV</p>}
    </>
  );
};
