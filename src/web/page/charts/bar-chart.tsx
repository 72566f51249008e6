import type { ComponentChildren } from "preact";
import { formatNumber, shorten } from "../format.ts";
import { Figure } from "./figure.tsx";
import { middleWithin, numberScale, widest } from "./scale.ts";

const [left, right, line, top] = [124, 48, 20, 6];

/** Named numbers, one in a line; those below 0 go to the left. */
export const BarChart = ({
  title,
  axis,
  names,
  rows,
  including = [0],
  shown = formatNumber,
  note,
}: {
  title: string;
  axis: string;
  /** What the names are. */
  names: string;
  rows: readonly { name: string; value: number }[];
  including?: readonly number[];
  shown?: (value: number) => string;
  note?: ComponentChildren;
}) => {
  const width = 360;
  const bottom = top + rows.length * line;
  const scale = numberScale([0, ...including, ...rows.map(({ value }) => value)]);
  const at = (value: number): number => left + scale.place(value) * (width - left - right);
  const told = rows.map(({ name, value }) => `${name} ${shown(value)}`).join(", ");
  return (
    <Figure
      title={title}
      data={() => ({ columns: [names, axis], rows: rows.map(({ name, value }) => [name, value]) })}
      note={note}
    >
      <svg
        viewBox={`0 0 ${width} ${bottom + 24}`}
        style={{ maxWidth: `${widest * width}px` }}
        role="img"
        aria-label={`${title}: ${told}`}
      >
        <line class="upright" x1={at(0)} x2={at(0)} y1={top} y2={bottom} />
        {rows.map(({ name, value }, i) => {
          const y = top + i * line;
          const [a, b] = [Math.min(at(0), at(value)), Math.max(at(0), at(value))];
          return (
            <g key={name} class={value < 0 ? "hue-1" : "hue-0"}>
              <title>{`${name}: ${shown(value)}`}</title>
              <text x={left - 8} y={y + 14} text-anchor="end">
                {shorten(name, 16)}
              </text>
              <rect class="bar" x={a} width={Math.max(1, b - a)} y={y + 3} height={line - 6} />
              <text x={b + 6} y={y + 14}>
                {shown(value)}
              </text>
            </g>
          );
        })}
        <text
          class="axis"
          x={middleWithin(axis, left + (width - left - right) / 2, width)}
          y={bottom + 18}
          text-anchor="middle"
        >
          {axis}
        </text>
      </svg>
    </Figure>
  );
};
