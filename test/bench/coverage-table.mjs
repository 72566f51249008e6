// Tables of what intervals held, over splits.
import { meanOf } from "./default-job.mjs";

const nominal = { interval: 0.95, conformal: 0.9 };
const percent = (value) => `${(100 * value).toFixed(1)}`;

/** Paths of one kind are one line: importances of all columns, precisions of all classes. */
const kindOf = (path) =>
  path
    .replace(/^explained\.(columns|groups)\..*$/, "importance of a column")
    .replace(/^classes\..*\.(precision|recall)$/, "$1 of a class")
    .replace(/^against\.(null|linear)\.difference$/, "difference from the $1 model");

/** Hits over all splits; several intervals of one split and kind depend on each other, so that the error is of their mean over splits. */
const gather = (splits) => {
  const kinds = new Map();
  for (const { intervals } of splits) {
    const own = new Map();
    for (const [path, [lower, upper, truth]] of Object.entries(intervals)) {
      const kind = kindOf(path);
      const counts = own.get(kind) ?? { held: 0, below: 0, above: 0, none: 0 };
      own.set(kind, counts);
      if (lower === null) counts.none += 1;
      else if (truth < lower) counts.below += 1;
      else if (truth > upper) counts.above += 1;
      else counts.held += 1;
    }
    for (const [kind, counts] of own) kinds.set(kind, [...(kinds.get(kind) ?? []), counts]);
  }
  return kinds;
};

/** The mean of a share over splits, and ± 1.96 of its standard error; of shares at their nominal value for one interval a split, which is the binomial's. */
const over = (shares, level, isBinomial) => {
  const mean = meanOf(shares);
  const variance = isBinomial
    ? level * (1 - level)
    : shares.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (shares.length - 1);
  return { mean, half: 1.96 * Math.sqrt(variance / shares.length) };
};

const verdict = ({ mean, half }, level, slack = 0) =>
  mean < level - half ? "too few" : mean > level + half + slack ? "too many" : "yes";

const printIntervals = (splits) => {
  console.log(
    "| 95 % interval of | splits | held, % | allowed ± | truth below, % | above, % | none given | holds |\n|" +
      " --- |".repeat(8),
  );
  for (const [kind, all] of gather(splits)) {
    const given = all.filter(({ held, below, above }) => held + below + above > 0);
    const total = ({ held, below, above }) => held + below + above;
    const sum = (of) => given.reduce((most, each) => most + of(each) / total(each), 0) / Math.max(1, given.length);
    const none = all.reduce((count, each) => count + each.none, 0);
    if (given.length < 2) continue;
    const found = over(
      given.map((each) => each.held / total(each)),
      nominal.interval,
      all.every((each) => total(each) <= 1),
    );
    const cells = [
      kind,
      given.length,
      percent(found.mean),
      percent(found.half),
      percent(sum(({ below }) => below)),
      percent(sum(({ above }) => above)),
    ];
    console.log(`| ${[...cells, none, verdict(found, nominal.interval)].join(" | ")} |`);
  }
};

const printConformal = (splits) => {
  const names = [...new Set(splits.flatMap(({ conformal }) => Object.keys(conformal)))];
  if (names.length === 0) return;
  console.log(`\n| sets or intervals for 90 % | splits | held, % | ± | size | at least 90 % |\n|${" --- |".repeat(6)}`);
  for (const name of names.filter((each) => !each.endsWith(", size"))) {
    const values = splits.flatMap(({ conformal }) => (conformal[name] === undefined ? [] : [conformal[name]]));
    const sizes = splits.flatMap(({ conformal }) =>
      conformal[`${name}, size`] === undefined ? [] : [conformal[`${name}, size`]],
    );
    if (values.length < 2) continue;
    const found = over(values, nominal.conformal, false);
    const size = sizes.length === 0 ? "" : meanOf(sizes).toPrecision(4);
    const cells = [name, values.length, percent(found.mean), percent(found.half), size];
    console.log(`| ${[...cells, found.mean + found.half >= nominal.conformal ? "yes" : "no"].join(" | ")} |`);
  }
};

export const printCoverage = (name, splits) => {
  console.log(`\n### ${name}\n`);
  printIntervals(splits);
  printConformal(splits);
};
