import type { ComponentChildren } from "preact";
import { shorten } from "../format.ts";
import { Figure } from "./figure.tsx";
import { widest } from "./scale.ts";

/** A table of numbers as a heat map. */
export const MatrixChart = ({
  title,
  described,
  across,
  up,
  columns,
  rows,
  cells,
  shadeOf,
  shown,
  note,
}: {
  title: string;
  described: string;
  /** What the columns and the rows are. */
  across: string;
  up: string;
  columns: readonly string[];
  rows: readonly string[];
  cells: readonly (readonly (number | null)[])[];
  /** From 0, blank, to 1, full; which of two colours. */
  shadeOf: (value: number, row: number, column: number) => { share: number; hue: 0 | 1 };
  shown: (value: number) => string;
  note?: ComponentChildren;
}) => {
  const [left, top, right] = [122, 34, 8];
  const side = Math.min(64, Math.max(26, 420 / Math.max(1, columns.length)));
  const width = Math.max(300, left + side * columns.length + right);
  const height = top + side * rows.length + 8;
  const data = () => ({
    columns: [`${up} \\ ${across}`, ...columns],
    rows: rows.map((name, i) => [name, ...cells[i]!]),
  });
  return (
    <Figure title={title} data={data} note={note} wide={columns.length > 8}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ maxWidth: `${widest * width}px` }}
        role="img"
        aria-label={described}
      >
        <text class="axis" x={left + (side * columns.length) / 2} y={12} text-anchor="middle">
          {across}
        </text>
        <text
          class="axis"
          transform={`translate(12 ${top + (side * rows.length) / 2}) rotate(-90)`}
          text-anchor="middle"
        >
          {up}
        </text>
        {columns.map((name, j) => (
          <text key={name} x={left + side * (j + 0.5)} y={top - 6} text-anchor="middle">
            {shorten(name, Math.max(2, Math.floor(side / 6.5)))}
            <title>{name}</title>
          </text>
        ))}
        {rows.map((name, i) => (
          <g key={name}>
            <text x={left - 6} y={top + side * (i + 0.5) + 4} text-anchor="end">
              {shorten(name, 14)}
              <title>{name}</title>
            </text>
            {cells[i]?.map((value, j) => {
              const { share, hue } = value === null ? { share: 0, hue: 0 as const } : shadeOf(value, i, j);
              return (
                <g key={columns[j]} class={`hue-${hue}`}>
                  <rect
                    class="heat"
                    x={left + side * j + 0.5}
                    y={top + side * i + 0.5}
                    width={side - 1}
                    height={side - 1}
                    style={{ fillOpacity: String(0.04 + 0.56 * share) }}
                  >
                    <title>{`${name}, ${columns[j]}: ${value === null ? "unknown" : shown(value)}`}</title>
                  </rect>
                  {side >= 22 && value !== null && (
                    <text x={left + side * (j + 0.5)} y={top + side * (i + 0.5) + 4} text-anchor="middle">
                      {shown(value)}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        ))}
      </svg>
    </Figure>
  );
};
