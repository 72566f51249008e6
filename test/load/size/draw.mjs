// node test/load/size/draw.mjs [--curves FILE] [--autoscaling FILE]
//
// Draws what `size.mjs --json` and `autoscaling.mjs --json` wrote as curves.svg and autoscaling.svg in this folder.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { curves: { type: "string" }, autoscaling: { type: "string" } } });
const [width, height, gap] = [300, 220, { left: 52, right: 14, top: 58, bottom: 40 }];
const tickPixels = 24;
const colours = ["#1f77b4", "#d62728", "#2ca02c"];
const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" ${more}>${words}</text>`;
const short = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 3 });

/** A panel with its axes: both logarithmic, from the least to the most of the series, `[{ name, points: [[x, y], …] }]`. */
const panel = ({ title, x: xName, y: yName, series }, left) => {
  const all = series.flatMap(({ points }) => points).filter(([x, y]) => x > 0 && y > 0);
  const scale = (index, from, to) => {
    const logs = all.map((point) => Math.log(point[index]));
    const [least, most] = [Math.min(...logs), Math.max(...logs)];
    return (value) => from + ((Math.log(value) - least) / (most - least || 1)) * (to - from);
  };
  const toX = scale(0, left + gap.left, left + width - gap.right);
  const toY = scale(1, height - gap.bottom, gap.top);
  const [xs, ys] = [0, 1].map((index) => all.map((point) => point[index]));
  const middle = left + gap.left + (width - gap.left - gap.right) / 2;
  const lines = series.map(({ points }, i) => {
    const placed = points
      .filter(([x, y]) => x > 0 && y > 0)
      .map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`);
    const dots = placed.map(
      (at) => `<circle cx="${at.split(",")[0]}" cy="${at.split(",")[1]}" r="3" fill="${colours[i]}"/>`,
    );
    return `<polyline points="${placed.join(" ")}" fill="none" stroke="${colours[i]}" stroke-width="1.5"/>${dots.join("")}`;
  });
  const names = series.map(({ name }, i) =>
    text(left + gap.left, gap.top - 4 - 11 * (series.length - 1 - i), name, `fill="${colours[i]}" font-size="10"`),
  );
  // No tick stands on another.
  const shown = [];
  for (const x of [...new Set(xs)].sort((a, b) => a - b))
    if (shown.length === 0 || toX(x) - shown.at(-1)[1] > tickPixels) shown.push([x, toX(x)]);
  const ticks = shown.map(([x, at]) =>
    text(at, height - gap.bottom + 13, short(x), 'text-anchor="middle" font-size="9"'),
  );
  const ends = [Math.min(...ys), Math.max(...ys)].map((y) =>
    text(left + gap.left - 5, toY(y) + 3, short(y), 'text-anchor="end" font-size="9"'),
  );
  return [
    `<rect x="${left + gap.left}" y="${gap.top}" width="${width - gap.left - gap.right}" height="${height - gap.top - gap.bottom}" fill="none" stroke="#999"/>`,
    text(middle, 10, title, 'text-anchor="middle" font-weight="bold"'),
    text(middle, height - 12, xName, 'text-anchor="middle"'),
    `<text transform="rotate(-90)" x="${-height / 2}" y="${left + 11}" text-anchor="middle">${yName}</text>`,
    ...[lines, names, ticks, ends].flat(),
  ].join("\n");
};

const draw = async (file, title, panels) => {
  const body = panels.map((each, i) => panel(each, i * width)).join("\n");
  const size = `width="${panels.length * width}" height="${height}" viewBox="0 0 ${panels.length * width} ${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">\n<title>${title}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${body}\n</svg>\n`;
  await writeFile(join(import.meta.dirname, file), svg);
};

if (values.curves !== undefined) {
  const curves = JSON.parse(await readFile(values.curves, "utf8"));
  const of = (name, y) => curves[name].map((one) => [one[name], y(one)]);
  const used = (name) => ({
    ...{ title: `growing ${name}`, x: name, y: "ms of a core, a second" },
    series: [
      { name: "Redis's thread", points: of(name, (one) => 1000 * one.redisCores) },
      { name: "API", points: of(name, (one) => 1000 * one.apiCores) },
    ],
  });
  const taken = (name) => ({
    ...{ title: `growing ${name}`, x: name, y: "jobs a second" },
    series: [
      { name: "taken up", points: of(name, (one) => one.jobsPerSecond) },
      { name: "of", points: of(name, (one) => one.idealPerSecond) },
    ],
  });
  const panels = Object.keys(curves).flatMap((name) => [taken(name), used(name)]);
  await draw("curves.svg", "Jobs taken up, and the time of Redis and the API, by tenants, jobs or trainers", panels);
}

if (values.autoscaling !== undefined) {
  const { "seconds per trainer": runs } = JSON.parse(await readFile(values.autoscaling, "utf8"));
  const series = (y) =>
    [...new Set(runs.map(({ policy }) => policy))].map((policy) => ({
      ...{ name: policy, points: runs.filter((one) => one.policy === policy).map((one) => [one.trainerHours, y(one)]) },
    }));
  await draw("autoscaling.svg", "Waiting and turnaround by trainer hours", [
    { title: "mean wait", x: "trainer hours", y: "seconds", series: series(({ waits }) => waits.mean) },
    { title: "wait, p99", x: "trainer hours", y: "seconds", series: series(({ waits }) => waits.p99) },
    {
      title: "from submission to end, mean",
      x: "trainer hours",
      y: "seconds",
      series: series(({ turnarounds }) => turnarounds.mean),
    },
  ]);
}
