import type { ComponentChildren } from "preact";
import { formatNumber } from "../format.ts";
import type { Bin } from "./bins.ts";
import { Frame } from "./frame.tsx";
import { numberScale } from "./scale.ts";

/** How often values lie where: neighbouring bars over a number's axis. */
export const HistogramChart = ({
  title,
  axis,
  bins,
  counted = "rows",
  labelOf = formatNumber,
  note,
}: {
  title: string;
  /** What the values are, with their unit. */
  axis: string;
  bins: readonly Bin[];
  counted?: string;
  labelOf?: (value: number) => string;
  note?: ComponentChildren;
}) => {
  const ends = [bins[0]?.from ?? 0, bins.at(-1)?.to ?? 1];
  const numbers = numberScale(ends);
  const x = {
    ...numbers,
    ticks:
      labelOf === formatNumber
        ? numbers.ticks
        : [0, 0.5, 1].map((at) => ({ at, label: labelOf(ends[0]! + at * (ends[1]! - ends[0]!)) })),
  };
  const y = numberScale([0, ...bins.map(({ count }) => count)]);
  const most = Math.max(...bins.map(({ count }) => count));
  const peak = bins.find(({ count }) => count === most);
  const described =
    peak === undefined
      ? `${title}: no values`
      : `${title}: most of ${counted} lie from ${labelOf(peak.from)} to ${labelOf(peak.to)}`;
  const data = () => ({
    columns: ["from", "to", counted],
    rows: bins.map(({ from, to, count }) => [from, to, count]),
  });
  return (
    <Frame
      title={title}
      described={described}
      x={{ title: axis, scale: x }}
      y={{ title: counted, scale: y }}
      data={data}
      note={note}
    >
      {(area) => (
        <g class="hue-0">
          {bins.map(({ from, to, count }) => {
            const [a, b] = [area.x(x.place(from)), area.x(x.place(to))];
            return (
              <rect
                key={from}
                class="bar"
                x={a + 0.5}
                width={Math.max(1, b - a - 1)}
                y={area.y(y.place(count))}
                height={area.y(0) - area.y(y.place(count))}
              >
                <title>{`${labelOf(from)} to ${labelOf(to)}: ${formatNumber(count)} ${counted}`}</title>
              </rect>
            );
          })}
        </g>
      )}
    </Frame>
  );
};
