import type { ComponentChildren } from "preact";
import { shorten } from "../format.ts";
import type { ChartData } from "./chart-data.ts";
import { Figure } from "./figure.tsx";
import { middleWithin, type Scale, widest } from "./scale.ts";

const margin = { left: 66, right: 14, top: 8, bottom: 40 };

export interface Area {
  /** From a place on an axis to a coordinate. */
  x: (place: number) => number;
  y: (place: number) => number;
}

interface Axis {
  /** What is shown along it, with its unit. */
  title: string;
  scale: Scale;
}

export interface FrameProps {
  title: string;
  /** What it shows, in words. */
  described: string;
  x: Axis;
  y: Axis;
  data: () => ChartData;
  note?: ComponentChildren;
  width?: number;
  height?: number;
  /** Room for the labels of the upright axis. */
  left?: number;
  children: (area: Area) => ComponentChildren;
}

/** A chart with titled axes. */
export const Frame = (props: FrameProps) => {
  const { title, described, x, y, data, note, width = 360, height = 220, left = margin.left, children } = props;
  const area: Area = {
    x: (place) => left + place * (width - left - margin.right),
    y: (place) => height - margin.bottom - place * (height - margin.top - margin.bottom),
  };
  return (
    <Figure title={title} data={data} note={note}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ maxWidth: `${widest * width}px` }}
        role="img"
        aria-label={described}
      >
        {y.scale.ticks.map(({ at, label }) => (
          <g key={`y${at}`}>
            <line class="grid" x1={area.x(0)} x2={area.x(1)} y1={area.y(at)} y2={area.y(at)} />
            <text x={left - 6} y={area.y(at) + 4} text-anchor="end">
              {shorten(label, Math.floor((left - 22) / 6))}
            </text>
          </g>
        ))}
        {x.scale.ticks.map(({ at, label }) => {
          const shown = shorten(label, Math.max(6, Math.floor((width - left) / 6 / Math.max(1, x.scale.ticks.length))));
          return (
            <text
              key={`x${at}`}
              x={middleWithin(shown, area.x(at), width)}
              y={height - margin.bottom + 15}
              text-anchor="middle"
            >
              {shown}
            </text>
          );
        })}
        <text class="axis" x={middleWithin(x.title, area.x(0.5), width)} y={height - 6} text-anchor="middle">
          {x.title}
        </text>
        <text class="axis" transform={`translate(12 ${area.y(0.5)}) rotate(-90)`} text-anchor="middle">
          {y.title}
        </text>
        {children(area)}
      </svg>
    </Figure>
  );
};

export const toPath = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
