import { quantile } from "../chaos/quantile.mjs";

const MIB = 1024 ** 2;
/** What the service promises under any load. */
const healthMs = 250;
const apiBytes = 768 * MIB;

const spread = (sorted) => ({
  p50: quantile(sorted, 0.5) ?? 0,
  p99: quantile(sorted, 0.99) ?? 0,
  longest: sorted.at(-1) ?? 0,
});
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const classOf = (status) => (status < 300 ? "2xx" : String(status));
const groupOf = (counts, keyOf) => {
  const groups = {};
  for (const entry of counts) groups[keyOf(entry)] = (groups[keyOf(entry)] ?? 0) + entry.count;
  return groups;
};

/** Which promises the run kept, in numbers. */
export const judge = ({ capacity, served, asked, watched, lost, sameProcess }) => {
  const counts = [...served.counts, ...asked.counts];
  const wrong = counts.filter(({ status }) => status >= 300 && status !== 429 && status !== 503);
  const memory = Object.fromEntries(
    Object.entries(watched.rss).map(([name, seen]) => [
      name,
      { before: seen[0], peak: Math.max(...seen), after: seen.at(-1) },
    ]),
  );
  return {
    capacityPerSecond: capacity,
    seconds: asked.seconds,
    offered: asked.sent,
    offeredPerSecond: asked.sent / asked.seconds,
    unsent: asked.unsent,
    answered: groupOf(asked.counts, ({ status }) => classOf(status)),
    byKind: groupOf(asked.counts, ({ kind, status }) => `${kind} ${classOf(status)}`),
    servedPerSecond: asked.servedMs.length / asked.seconds,
    servedMs: spread(asked.servedMs),
    refusedMs: spread(asked.refusedMs),
    withoutRetryAfter: served.withoutRetryAfter + asked.withoutRetryAfter,
    otherAnswers: wrong,
    errors: { ...served.errors, ...asked.errors },
    unanswered: served.unanswered + asked.unanswered,
    health: {
      ...{ looks: watched.times.length, ...spread(watched.times), failures: watched.failures },
      longestAtSeconds: watched.longestAtSeconds,
    },
    memory,
    restarted: !sameProcess,
    acknowledged: served.acknowledged.length + asked.acknowledged.length,
    lost,
  };
};

/** Each promise by name, and whether it was kept. */
const promisesOf = (verdict) => ({
  "only 2xx, 429 or 503": verdict.otherAnswers.length === 0,
  "every request is answered": verdict.unanswered === 0 && Object.keys(verdict.errors).length === 0,
  "429 and 503 say when to come back": verdict.withoutRetryAfter === 0,
  [`health within ${healthMs} ms`]: verdict.health.failures.length === 0 && verdict.health.longest <= healthMs,
  [`the API below ${apiBytes / MIB} MiB`]: verdict.memory.api.peak <= apiBytes && !verdict.restarted,
  "no acknowledged job lost": verdict.lost.length === 0,
});

export const isKept = (verdict) => Object.values(promisesOf(verdict)).every(Boolean);

const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const mib = (bytes) => `${Math.round(bytes / MIB)} MiB`;
const times = ({ p50, p99, longest }) => `${ms(p50)}, ${ms(p99)}, ${ms(longest)}`;
const cost = ({ processorMs }) => (processorMs === null ? "–" : `${processorMs.toFixed(2)} ms`);
const rows = (entries) => entries.map(([name, value]) => `| ${name} | ${value} |`);

const perSecond = (value) => Math.round(value).toLocaleString("en-US");

export const comparedText = (compared) =>
  [
    "\n| 32 connections | Descent | bare Fastify + BullMQ | ratio |\n| --- | --- | --- | --- |",
    ...compared.flatMap(({ what, descent, bare, ratio }) => [
      `| ${what}: a second | ${perSecond(descent.perSecond)} | ${perSecond(bare.perSecond)} | ${ratio.toFixed(2)} |`,
      `| ${what}: p50, worst p99 of the request | ${descent.p50} ms, ${descent.p99} ms | ${bare.p50} ms, ${bare.p99} ms | |`,
      `| ${what}: the server's processor time | ${cost(descent)} | ${cost(bare)} | |`,
    ]),
  ].join("\n");

/** Tables in Markdown. */
export const toText = (verdict) => {
  const { answered, memory, health, compared, machine } = verdict;
  const achieved = verdict.offeredPerSecond / verdict.capacityPerSecond;
  const refused = sum(["429", "503"].map((status) => answered[status] ?? 0));
  return [
    `\n${machine.cores} cores, Node ${machine.node}, load average before ${machine.loadBefore.toFixed(1)}; ${verdict.seconds} s\n`,
    "| | |\n| --- | --- |",
    ...rows([
      ["served at ease, a second", perSecond(verdict.capacityPerSecond)],
      ["asked for, a second", `${perSecond(verdict.offeredPerSecond)} (${achieved.toFixed(1)} times as much)`],
      ["served meanwhile, a second", perSecond(verdict.servedPerSecond)],
      ["answered 2xx / 429 / 503", `${answered["2xx"] ?? 0} / ${answered["429"] ?? 0} / ${answered["503"] ?? 0}`],
      ["refused", `${((100 * refused) / Math.max(1, verdict.offered)).toFixed(0)} %`],
      ["anything else", sum(verdict.otherAnswers.map(({ count }) => count))],
      ["not answered", verdict.unanswered + Object.keys(verdict.errors).length],
      ["time to a 2xx: p50, p99, longest", times(verdict.servedMs)],
      ["time to a 503: p50, p99, longest", times(verdict.refusedMs)],
      [
        `health, ${health.looks} looks: p50, p99, longest`,
        `${times(health)} (${health.longestAtSeconds.toFixed(1)} s after the start)`,
      ],
      ["memory of the API before, peak, after", Object.values(memory.api).map(mib).join(", ")],
      ["memory of Redis before, peak, after", Object.values(memory.redis).map(mib).join(", ")],
      ["jobs acknowledged", verdict.acknowledged],
      ["of these lost", verdict.lost.length],
    ]),
    ...(compared.length === 0 ? [] : [comparedText(compared)]),
    "",
    ...Object.entries(promisesOf(verdict)).map(([name, kept]) => `${kept ? "kept  " : "BROKEN"} ${name}`),
    ...Object.entries(verdict.errors).map(([name, count]) => `       ${name}: ${count}`),
    ...verdict.otherAnswers.map(({ kind, status, count }) => `       ${kind}: ${status} (${count})`),
    "",
  ].join("\n");
};
