import type { ComponentChildren } from "preact";
import type { Estimate } from "../../../domain/models/estimate.ts";
import { formatNumber, shorten } from "../format.ts";
import { Figure } from "./figure.tsx";
import { middleWithin, numberScale, widest } from "./scale.ts";

const [left, right, line, below] = [124, 14, 20, 40];

/** Estimates, one in a line, each a point on its 95 % interval. */
export const IntervalChart = ({
  title,
  axis,
  rows,
  including = [0],
  note,
}: {
  title: string;
  /** What the estimates are of, with its unit. */
  axis: string;
  rows: readonly { name: string; estimate: Estimate }[];
  /** What the axis must show; a line stands at the first. */
  including?: readonly number[];
  note?: ComponentChildren;
}) => {
  const width = 360;
  const bottom = rows.length * line + 8;
  const ends = rows.flatMap(({ estimate: { value, lower, upper } }) => [value, lower ?? value, upper ?? value]);
  const scale = numberScale([...ends, ...including]);
  const at = (value: number): number => left + scale.place(value) * (width - left - right);
  const told = rows.map(({ name, estimate: { value } }) => `${name} ${formatNumber(value)}`).join(", ");
  const data = () => ({
    columns: ["name", axis, "lower (95 %)", "upper (95 %)"],
    rows: rows.map(({ name, estimate: { value, lower, upper } }) => [name, value, lower, upper]),
  });
  return (
    <Figure title={title} data={data} note={note}>
      <svg
        viewBox={`0 0 ${width} ${bottom + below}`}
        style={{ maxWidth: `${widest * width}px` }}
        role="img"
        aria-label={`${title}: ${told}`}
      >
        {scale.ticks.map(({ at: place, label }) => (
          <g key={place}>
            <line
              class="grid"
              x1={left + place * (width - left - right)}
              x2={left + place * (width - left - right)}
              y1={4}
              y2={bottom}
            />
            <text
              x={middleWithin(label, left + place * (width - left - right), width)}
              y={bottom + 14}
              text-anchor="middle"
            >
              {label}
            </text>
          </g>
        ))}
        {including[0] !== undefined && (
          <line class="reference" x1={at(including[0])} x2={at(including[0])} y1={4} y2={bottom} />
        )}
        <text
          class="axis"
          x={middleWithin(axis, left + (width - left - right) / 2, width)}
          y={bottom + 32}
          text-anchor="middle"
        >
          {axis}
        </text>
        {rows.map(({ name, estimate: { value, lower, upper } }, i) => {
          const y = i * line + line / 2 + 4;
          return (
            <g key={name} class="hue-0">
              <title>
                {`${name}: ${formatNumber(value)}${lower === null || upper === null ? "" : ` (${formatNumber(lower)} to ${formatNumber(upper)})`}`}
              </title>
              <text x={left - 8} y={y + 4} text-anchor="end">
                {shorten(name, 16)}
              </text>
              <line class="interval" x1={at(lower ?? value)} x2={at(upper ?? value)} y1={y} y2={y} />
              <circle cx={at(value)} cy={y} r={4} />
            </g>
          );
        })}
      </svg>
    </Figure>
  );
};
