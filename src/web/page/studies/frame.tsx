import type { ComponentChildren } from "preact";
import type { Scale } from "./scale.ts";

const margin = { left: 66, right: 14, top: 8, bottom: 40 };

export interface Area {
  /** From a place on an axis to a coordinate. */
  x: (place: number) => number;
  y: (place: number) => number;
}

/** A chart with titled axes; `described` says in words what it shows. */
export const Frame = ({
  title,
  described,
  x,
  y,
  width = 360,
  height = 220,
  children,
}: {
  title: string;
  described: string;
  x: { title: string; scale: Scale };
  y: { title: string; scale: Scale };
  width?: number;
  height?: number;
  children: (area: Area) => ComponentChildren;
}) => {
  const area: Area = {
    x: (place) => margin.left + place * (width - margin.left - margin.right),
    y: (place) => height - margin.bottom - place * (height - margin.top - margin.bottom),
  };
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={described}>
        {y.scale.ticks.map(({ at, label }) => (
          <g key={`y${at}`}>
            <line class="grid" x1={area.x(0)} x2={area.x(1)} y1={area.y(at)} y2={area.y(at)} />
            <text x={margin.left - 6} y={area.y(at) + 4} text-anchor="end">
              {label}
            </text>
          </g>
        ))}
        {x.scale.ticks.map(({ at, label }) => (
          <text key={`x${at}`} x={area.x(at)} y={height - margin.bottom + 15} text-anchor="middle">
            {label}
          </text>
        ))}
        <text class="axis" x={area.x(0.5)} y={height - 6} text-anchor="middle">
          {x.title}
        </text>
        <text class="axis" transform={`translate(12 ${area.y(0.5)}) rotate(-90)`} text-anchor="middle">
          {y.title}
        </text>
        {children(area)}
      </svg>
    </figure>
  );
};

export const toPath = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
