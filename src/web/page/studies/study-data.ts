/** What the charts show of a study, from its record. Nothing here touches the document. */

import { scoreNames, unitNames } from "../../../client/score-names.ts";
import type { Leaderboard } from "../../../domain/studies/standing.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import { choiceScale, numberScale, type Scale } from "../charts/scale.ts";
import { shorten } from "../format.ts";

/** A trial with a value: of its end, or where it was last compared. */
export interface Shown {
  trial: Trial;
  value: number;
  /** 0 for the best of all, 1 for the worst. */
  rank: number;
}

export const isBetter = ({ spec }: Pick<Study, "spec">, a: number, b: number): boolean =>
  spec.objective.direction === "minimize" ? a < b : a > b;

/** Trials with a value, in the order of their numbers. */
export const shownTrials = (study: Study, trials: readonly Trial[]): Shown[] => {
  const valued = trials.filter((trial) => trial.objective !== null);
  const order = valued.toSorted((a, b) =>
    a.objective === b.objective ? a.number - b.number : isBetter(study, a.objective!, b.objective!) ? -1 : 1,
  );
  const rankOf = new Map(order.map(({ number }, i) => [number, order.length < 2 ? 0 : i / (order.length - 1)]));
  return valued.map((trial) => ({ trial, value: trial.objective!, rank: rankOf.get(trial.number)! }));
};

/** What failed trials died of, each fault once, with the first trial that had it: the commonest first. */
export const faultsOf = (trials: readonly Trial[]): { error: string; first: Trial; count: number }[] => {
  const faults = new Map<string, { error: string; first: Trial; count: number }>();
  for (const trial of trials) {
    if (trial.state !== "failed") continue;
    const error = trial.error ?? "see its job";
    const known = faults.get(error);
    faults.set(error, { error, first: known?.first ?? trial, count: (known?.count ?? 0) + 1 });
  }
  return [...faults.values()].toSorted((a, b) => b.count - a.count);
};

/** What stands behind the best in the leaderboard, as its column is called and as it is told below. */
export const behindOf = ({
  score,
  rows,
  unit,
}: Pick<Leaderboard, "score" | "rows" | "unit">): { title: string; told: string } => ({
  title: `Behind the best (${scoreNames[score]}), 95 %`,
  told: `Behind the best: the difference of their mean ${scoreNames[score]} over the same ${rows} ${unitNames[unit]}`,
});

/** The first of a list, and what is said of the others. */
export const firstOf = <T>(
  all: readonly T[],
  most: number,
  count = all.length,
): { items: T[]; more: string | null } => {
  const items = all.slice(0, most);
  return { items, more: count > items.length ? `and ${count - items.length} more` : null };
};

/** The best value of a trial that came to its end so far, after each such trial. */
export const bestSoFar = (study: Study, shown: readonly Shown[]): { number: number; value: number }[] => {
  const bests: { number: number; value: number }[] = [];
  for (const { trial, value } of shown) {
    if (trial.state !== "succeeded") continue;
    const before = bests.at(-1)?.value;
    bests.push({
      number: trial.number,
      value: before === undefined || isBetter(study, value, before) ? value : before,
    });
  }
  return bests;
};

export interface Parameter {
  /** As the points of trials have it. */
  name: string;
  /** The same without the way to it. */
  title: string;
  scale: Scale;
}

const short = (value: unknown): string => shorten(typeof value === "string" ? value : JSON.stringify(value), 18);

/** The parameters that trials have; those inside a choice are named by their way through it. */
export const parametersOf = (study: Study, trials: readonly Trial[]): Parameter[] => {
  const names = [...new Set(trials.flatMap(({ point }) => Object.keys(point)))];
  return names.map((name) => {
    const part: unknown = Object.hasOwn(study.spec.space, name) ? study.spec.space[name] : null;
    const choices = typeof part === "object" && part !== null && "choices" in part ? (part.choices as unknown[]) : null;
    const log = typeof part === "object" && part !== null && "scale" in part && part.scale === "log";
    const values = trials.flatMap(({ point }) => (Object.hasOwn(point, name) ? [point[name]!] : []));
    const title = name.split("/").filter(Boolean).slice(-2).join(" / ");
    return { name, title, scale: choices === null ? numberScale(values, log) : choiceScale(choices.map(short)) };
  });
};

export interface Span {
  trial: Trial;
  /** Seconds since the first trial began. */
  from: number;
  to: number;
  /** What ran at the same time has lanes of its own. */
  lane: number;
}

/** When a trial was with a trainer, or waited for one again; not while it waited to be compared. */
const partsOf = ({ startedAt, endedAt, reached, state }: Trial, now: string): { from: string; to: string }[] => {
  const parts: { from: string; to: string }[] = [];
  let from = startedAt;
  for (const { at, resumedAt } of reached) {
    if (from !== null && at !== undefined) parts.push({ from, to: at });
    from = resumedAt ?? (at === undefined ? from : null);
  }
  if (from !== null && state !== "waiting") parts.push({ from, to: endedAt ?? now });
  return parts;
};

/** When each trial was with a trainer, the earliest first. */
export const timelineOf = (trials: readonly Trial[], nowMs: number): Span[] => {
  const now = new Date(nowMs).toISOString();
  const parts = trials
    .flatMap((trial) =>
      partsOf(trial, now).map((part) => ({ trial, from: Date.parse(part.from), to: Date.parse(part.to) })),
    )
    .toSorted((a, b) => a.from - b.from);
  const zero = parts[0]?.from ?? 0;
  const free: number[] = [];
  return parts.map(({ trial, from, to }) => {
    const open = free.findIndex((until) => until <= from);
    const lane = open === -1 ? free.length : open;
    free[lane] = to;
    return { trial, from: (from - zero) / 1000, to: Math.max(from, to) / 1000 - zero / 1000, lane };
  });
};

/** What trials are compared by on their way. */
export const unitOfRungs = ({ spec: { pruner, job } }: Pick<Study, "spec">): "epochs" | "folds" | "seeds" => {
  if (pruner.type !== "racing") return "epochs";
  return job.training?.crossValidation === undefined ? "seeds" : "folds";
};
