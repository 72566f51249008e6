import { quantile } from "./quantile.mjs";

const inSeconds = (ms) => (ms === undefined ? "–" : `${(ms / 1000).toFixed(2)} s`);

const groupBy = (items, keyOf) => {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};

const spread = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  return { count: sorted.length, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), longest: sorted.at(-1) };
};

/** Which promises the run kept. `submissions`: what was requested and came of it; `references`: the uninterrupted runs. */
export const judge = ({ submissions, references, models, jobs, log }) => {
  const acknowledged = submissions.filter(({ id }) => id !== null);
  const expected = ({ cancelled, end }) => end.state === "succeeded" || (cancelled && end.state === "cancelled");
  const ended = acknowledged.filter(({ end }) => end !== null && end !== undefined);
  const commits = new Map();
  for (const { msg, job } of log) if (msg === "job succeeded") commits.set(job, (commits.get(job) ?? 0) + 1);
  const modelsOf = groupBy(models, ({ job }) => job);
  const twice = ended.filter(
    ({ id, end }) =>
      end.history.filter(({ state }) => state === "succeeded").length > 1 ||
      (modelsOf.get(id)?.length ?? 0) > 1 ||
      (commits.get(id) ?? 0) > 1,
  );
  const succeeded = ended.filter(({ end }) => end.state === "succeeded");
  const differing = succeeded.filter(
    ({ id, variant }) => modelsOf.get(id)?.[0]?.digest !== references.digests[variant],
  );
  const known = new Set([...references.ids, ...acknowledged.map(({ id }) => id)]);
  return {
    submitted: submissions.length,
    acknowledged: acknowledged.length,
    finished: ended.filter(expected).length,
    lost: acknowledged.filter(({ end }) => end === null).map(({ id }) => id),
    unfinished: acknowledged.filter(({ end }) => end === undefined).map(({ id }) => id),
    failed: ended.filter((each) => !expected(each)).map(({ id, end }) => `${id} ${end.state} ${end.error?.code ?? ""}`),
    doubled: jobs.filter(({ id }) => !known.has(id)).map(({ id }) => id),
    committedTwice: twice.map(({ id }) => id),
    differing: differing.map(({ id }) => id),
    mostAttempts: Math.max(0, ...ended.map(({ end }) => end.attempt)),
  };
};

export const isKept = (verdict) => {
  const { submitted, acknowledged, lost, unfinished, failed, doubled, committedTwice, differing, unrecovered } =
    verdict;
  const broken = [lost, unfinished, failed, doubled, committedTwice, differing, unrecovered];
  return submitted === acknowledged && broken.every(({ length }) => length === 0);
};

export const recoveryTimes = (faultsDone) =>
  faultsDone.flatMap(({ recoveryMs }) => recoveryMs).filter((ms) => ms !== null);

/** One row in Markdown for each seed, and one for all. */
export const toSeedsTable = (results) => {
  const row = (name, group) => {
    const sum = (of) => group.reduce((total, result) => total + of(result), 0);
    const count = (key) => sum(({ verdict }) => verdict[key].length);
    const { count: recoveries, p50, p99, longest } = spread(group.flatMap(({ recoveryMs }) => recoveryMs));
    const most = Math.max(...group.map(({ verdict }) => verdict.mostAttempts));
    const cells = [
      ...[name, sum(({ rounds }) => rounds), sum(({ verdict }) => verdict.acknowledged)],
      ...[sum(({ verdict }) => verdict.finished), count("lost"), count("failed"), count("committedTwice")],
      ...[
        count("differing"),
        count("unrecovered"),
        most,
        recoveries,
        inSeconds(p50),
        inSeconds(p99),
        inSeconds(longest),
      ],
    ];
    return `| ${cells.join(" | ")} |`;
  };
  return [
    "| seed | rounds | acknowledged | finished | lost | failed | twice | differing | not recovered | most attempts | recoveries | p50 | p99 | longest |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...results.map((result) => row(result.seed, [result])),
    row("all", results),
  ].join("\n");
};

/** Two tables in Markdown: what became of the jobs, and how long it took to recover from each kind of fault. */
export const toTables = (verdict, faultsDone) => {
  const counts = [
    ["jobs submitted", verdict.submitted],
    ["acknowledged", verdict.acknowledged],
    ["finished", verdict.finished],
    ["lost", verdict.lost.length],
    ["not finished in time", verdict.unfinished.length],
    ["failed", verdict.failed.length],
    ["jobs that nobody submitted", verdict.doubled.length],
    ["committed twice", verdict.committedTwice.length],
    ["digests differing from uninterrupted runs", verdict.differing.length],
    ["faults not recovered from", verdict.unrecovered.length],
    ["most attempts that one job took", verdict.mostAttempts],
  ];
  const row = (name, done) => {
    const { count, p50, p99, longest } = spread(recoveryTimes(done));
    return `| ${name} | ${done.length} | ${count} | ${inSeconds(p50)} | ${inSeconds(p99)} | ${inSeconds(longest)} |`;
  };
  return [
    "| | |",
    "| --- | --- |",
    ...counts.map(([name, count]) => `| ${name} | ${count} |`),
    "",
    "| fault | times | recoveries | p50 | p99 | longest |",
    "| --- | --- | --- | --- | --- | --- |",
    ...[...groupBy(faultsDone, ({ name }) => name)].map(([name, done]) => row(name, done)),
    row("all", faultsDone),
  ].join("\n");
};
