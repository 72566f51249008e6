import type { Estimate } from "../../../domain/models/estimate.ts";
import { type Axis, createAxis } from "./axes.ts";
import { type Html, html, shown } from "./html.ts";

const width = 640;
const short = (text: string, most = 28): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const below = (axis: Axis, top: number, bottom: number): Html =>
  html`${axis.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${axis.at(tick)}" x2="${axis.at(tick)}" y1="${top}" y2="${bottom}"/><text class="tick" x="${axis.at(tick)}" y="${bottom + 14}" text-anchor="middle">${shown(tick)}</text>`,
  )}`;

const beside = (axis: Axis, left: number, right: number): Html =>
  html`${axis.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${axis.at(tick)}" y2="${axis.at(tick)}"/><text class="tick" x="${left - 6}" y="${axis.at(tick) + 4}" text-anchor="end">${shown(tick)}</text>`,
  )}`;

/** Estimates, one in a line, each a point on its 95 % interval. `including`: what the axis must show. */
export const intervalPlot = (
  title: string,
  rows: readonly { name: string; estimate: Estimate }[],
  including: readonly number[] = [],
): Html => {
  const [left, line] = [190, 24];
  const bottom = rows.length * line + 8;
  const ends = rows.flatMap(({ estimate: { value, lower, upper } }) => [value, lower ?? value, upper ?? value]);
  const axis = createAxis([...ends, ...including], left, width - 20);
  return html`<svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${bottom + 22}">
${below(axis, 4, bottom)}
${rows.map(({ name, estimate: { value, lower, upper } }, i) => {
  const y = i * line + line / 2 + 4;
  return html`<text x="${left - 10}" y="${y + 4}" text-anchor="end">${short(name)}<title>${name}</title></text>
<line class="interval" x1="${axis.at(lower ?? value)}" x2="${axis.at(upper ?? value)}" y1="${y}" y2="${y}"/><circle class="mark" cx="${axis.at(value)}" cy="${y}" r="4"><title>${shown(value)}</title></circle>`;
})}</svg>`;
};

export interface Curve {
  readonly points: readonly (readonly [number, number])[];
  /** A thin line in the background. */
  readonly faint?: boolean;
  readonly dots?: boolean;
}

/** Curves over one axis. */
export const linePlot = (
  title: string,
  curves: readonly Curve[],
  {
    x,
    y,
    xs = [],
    ys = [],
    diagonal = false,
  }: { x: string; y: string; xs?: number[]; ys?: number[]; diagonal?: boolean },
): Html => {
  const [left, top, right, bottom] = [60, 10, width - 20, 300];
  const across = createAxis([...xs, ...curves.flatMap(({ points }) => points.map(([value]) => value))], left, right);
  const up = createAxis([...ys, ...curves.flatMap(({ points }) => points.map(([, value]) => value))], bottom, top);
  const path = ({ points }: Curve): string => points.map(([a, b]) => `${across.at(a)},${up.at(b)}`).join(" ");
  return html`<svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${bottom + 40}">
${below(across, top, bottom)}${beside(up, left, right)}
${diagonal ? html`<line class="reference" x1="${across.at(0)}" y1="${up.at(0)}" x2="${across.at(1)}" y2="${up.at(1)}"/>` : null}
${curves.map((curve) => html`<polyline class="${curve.faint ? "curve faint" : "curve"}" points="${path(curve)}"/>${curve.dots ? curve.points.map(([a, b]) => html`<circle class="mark" cx="${across.at(a)}" cy="${up.at(b)}" r="3.5"/>`) : null}`)}
<text x="${(left + right) / 2}" y="${bottom + 34}" text-anchor="middle">${x}</text><text x="14" y="${(top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(top + bottom) / 2})">${y}</text></svg>`;
};

/** Counts of rows by truth and answer; the darker, the larger the share of its row. */
export const matrixPlot = (title: string, labels: readonly string[], counts: readonly (readonly number[])[]): Html => {
  const [left, top] = [150, 40];
  const cell = Math.min(64, (width - left - 10) / labels.length);
  return html`<svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${Math.ceil(top + cell * labels.length + 10)}">
${labels.map((label, j) => html`<text class="tick" x="${left + cell * (j + 0.5)}" y="${top - 8}" text-anchor="middle">${short(label, Math.max(2, Math.floor(cell / 7)))}<title>${label}</title></text>`)}
${counts.map((row, i) => {
  const total = Math.max(
    1,
    row.reduce((sum, count) => sum + count, 0),
  );
  return html`<text x="${left - 10}" y="${top + cell * (i + 0.5) + 4}" text-anchor="end">${short(labels[i] ?? "", 18)}</text>${row.map(
    (count, j) =>
      html`<rect x="${left + cell * j}" y="${top + cell * i}" width="${cell}" height="${cell}" class="${i === j ? "right" : "wrong"}" fill-opacity="${(0.6 * (count / total)).toFixed(3)}"><title>${count}</title></rect>${cell >= 20 ? html`<text class="tick" x="${left + cell * (j + 0.5)}" y="${top + cell * (i + 0.5) + 4}" text-anchor="middle">${count}</text>` : null}`,
  )}`;
})}</svg>`;
};
