import type { Column } from "../../../domain/datasets/dataset.ts";
import { formatNumber } from "../format.ts";
import { binsOf, fromDays, numbersOf } from "./column-statistics.ts";
import type { Sample } from "./use-sample.ts";

const [width, height] = [112, 28];

interface Bar {
  name: string;
  count: number;
}

/** The bars of a column: of numbers and dates by size, of categories the commonest first. */
const barsOf = (column: Column, sample: Sample | null): Bar[] => {
  if (column.type === "category" || column.type === "boolean" || column.type === "text")
    return (column.categories ?? []).slice(0, 14).map(({ value, count }) => ({ name: value, count }));
  if (sample === null) return [];
  const values = numbersOf(sample.rows, column);
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return [];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const shown = column.type === "datetime" ? fromDays : formatNumber;
  return binsOf(values, low, high).map(({ from, to, count }) => ({ name: `${shown(from)} to ${shown(to)}`, count }));
};

/** A column's distribution in a cell of a table. */
export const Sparkline = ({ column, sample }: { column: Column; sample: Sample | null }) => {
  const bars = barsOf(column, sample);
  if (bars.length === 0) return <span class="muted">–</span>;
  const most = Math.max(...bars.map(({ count }) => count));
  const peak = bars.find(({ count }) => count === most);
  const step = width / bars.length;
  return (
    <svg
      class="sparkline hue-0"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={`Distribution of ${column.name}: most at ${peak?.name}`}
    >
      {bars.map(({ name, count }, i) => {
        const tall = most === 0 ? 0 : (count / most) * (height - 1);
        return (
          <rect key={name} class="bar" x={i * step + 0.5} width={Math.max(1, step - 1)} y={height - tall} height={tall}>
            <title>{`${name}: ${formatNumber(count)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
};
