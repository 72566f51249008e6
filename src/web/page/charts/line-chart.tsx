import type { ComponentChildren } from "preact";
import { formatNumber } from "../format.ts";
import { Frame, toPath } from "./frame.tsx";
import { choiceScale, numberScale, type Scale } from "./scale.ts";

export interface Line {
  name: string;
  /** Drawn from left to right, in this order. */
  points: readonly (readonly [number, number])[];
  /** Which of the palette's colours; left out: the first. */
  hue?: number;
  /** `dots`: points alone; `both`: points on a line; left out: the line alone. */
  as?: "line" | "dots" | "both";
  /** In the background: one of many of its kind. */
  faint?: boolean;
}

interface LineChartProps {
  title: string;
  described: string;
  x: { title: string; including?: readonly number[]; log?: boolean; choices?: readonly string[] };
  y: { title: string; including?: readonly number[]; log?: boolean };
  lines: readonly Line[];
  /** The line where the two axes are equal. */
  diagonal?: boolean;
  /** A horizontal line. */
  level?: number;
  legend?: boolean;
  note?: ComponentChildren;
  width?: number;
  height?: number;
}

const hues = 8;
const classOf = ({ hue = 0, faint = false }: Line): string =>
  `hue-${hue % hues}${faint ? " faint" : ""}${hue >= hues ? " dashed" : ""}`;

export const Legend = ({ lines }: { lines: readonly Line[] }) => (
  <ul class="legend">
    {lines.map((line) => (
      <li key={line.name} class={classOf(line)}>
        <span class="swatch" aria-hidden="true" />
        {line.name}
      </li>
    ))}
  </ul>
);

const Drawn = ({ line, x, y }: { line: Line; x: (value: number) => number; y: (value: number) => number }) => {
  const { name, points, as = "line" } = line;
  return (
    <g class={classOf(line)}>
      {as !== "dots" && (
        <path class="curve" d={toPath(points.map(([a, b]) => [x(a), y(b)] as const))}>
          <title>{name}</title>
        </path>
      )}
      {as !== "line" &&
        points.map(([a, b], i) => (
          <circle key={i} cx={x(a)} cy={y(b)} r={as === "both" ? 3 : 2.5}>
            <title>{`${name}: ${formatNumber(a)}, ${formatNumber(b)}`}</title>
          </circle>
        ))}
    </g>
  );
};

const scaleOf = (values: readonly number[], axis: { including?: readonly number[]; log?: boolean }): Scale =>
  numberScale([...values, ...(axis.including ?? [])], axis.log === true && values.every((value) => value > 0));

/** Lines or dots over two axes. */
export const LineChart = (props: LineChartProps) => {
  const { lines, x, y, diagonal = false, level, legend = lines.length > 1, ...rest } = props;
  const across =
    x.choices === undefined
      ? scaleOf(
          lines.flatMap(({ points }) => points.map(([a]) => a)),
          x,
        )
      : choiceScale(x.choices);
  const up = scaleOf(
    lines.flatMap(({ points }) => points.map(([, b]) => b)),
    y,
  );
  const data = () => ({
    columns: ["series", x.title, y.title],
    rows: lines.flatMap(({ name, points }) => points.map(([a, b]) => [name, x.choices?.[a] ?? a, b])),
  });
  return (
    <div class="with-legend">
      <Frame {...rest} x={{ title: x.title, scale: across }} y={{ title: y.title, scale: up }} data={data}>
        {(area) => {
          const [toX, toY] = [
            (value: number) => area.x(across.place(value)),
            (value: number) => area.y(up.place(value)),
          ];
          return (
            <>
              {diagonal && <line class="reference" x1={toX(0)} y1={toY(0)} x2={toX(1)} y2={toY(1)} />}
              {level !== undefined && (
                <line class="reference" x1={area.x(0)} x2={area.x(1)} y1={toY(level)} y2={toY(level)} />
              )}
              {lines.map((line) => (
                <Drawn key={line.name} line={line} x={toX} y={toY} />
              ))}
            </>
          );
        }}
      </Frame>
      {legend && <Legend lines={lines.filter(({ faint }) => faint !== true)} />}
    </div>
  );
};
