import { useState } from "preact/hooks";
import type { Importances } from "../../../domain/studies/standing.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import { Figure } from "../charts/figure.tsx";
import { Frame, toPath } from "../charts/frame.tsx";
import { numberScale, widest } from "../charts/scale.ts";
import { formatMetricName, formatNumber, formatPercent } from "../format.ts";
import { Scrolled } from "../scrolled.tsx";
import { Select } from "../select.tsx";
import type { Parameter, Shown } from "./study-data.ts";

/** What a trial has for a parameter: its value where it is one, else the choice as JSON. */
const cellOf = ({ point, values }: Trial, name: string): string | number | null => {
  const value: unknown = Object.hasOwn(values, name) ? values[name] : point[name];
  if (value === undefined || value === null) return null;
  return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);
};

/** From the colour of good trials to that of bad ones. */
const colourOf = (rank: number): string =>
  `color-mix(in oklab, var(--train) ${((1 - rank) * 100).toFixed(0)}%, var(--validation))`;

const titleOf = ({ trial, value }: Shown): string => `trial ${trial.number}: ${formatNumber(value)}`;

/** One line a trial through all its values, the best on top. */
export const ParallelChart = ({
  study,
  shown,
  parameters,
}: {
  study: Study;
  shown: readonly Shown[];
  parameters: readonly Parameter[];
}) => {
  const objective = formatMetricName(study.spec.objective.metric);
  const axes = [
    ...parameters.map(({ name, title, scale }) => ({ title, scale, of: ({ trial }: Shown) => trial.point[name] })),
    { title: objective, scale: numberScale(shown.map(({ value }) => value)), of: ({ value }: Shown) => value },
  ];
  const [width, height, top, bottom] = [Math.max(560, 130 * axes.length), 280, 26, 12];
  const x = (i: number): number => 60 + (i * (width - 120)) / Math.max(1, axes.length - 1);
  const y = (place: number): number => height - bottom - place * (height - top - bottom);
  return (
    <Figure
      title="Parallel coordinates"
      wide
      data={() => ({
        columns: ["trial", ...axes.map(({ title }) => title)],
        rows: shown.map((each) => [
          ...[each.trial.number, ...parameters.map(({ name }) => cellOf(each.trial, name)), each.value],
        ]),
      })}
    >
      <Scrolled label="Parallel coordinates">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          style={{ minWidth: `${width}px`, maxWidth: `${widest * width}px` }}
          role="img"
          aria-label={`${shown.length} trials through ${parameters.map(({ title }) => title).join(", ")} to ${objective}`}
        >
          {shown
            .toSorted((a, b) => b.rank - a.rank)
            .map((each) => (
              <path
                key={each.trial.number}
                class="line"
                style={{ stroke: colourOf(each.rank), opacity: 0.25 + 0.75 * (1 - each.rank) }}
                d={toPath(
                  axes.flatMap(({ scale, of }, i) => {
                    const value = of(each);
                    return value === undefined ? [] : [[x(i), y(scale.place(value))] as const];
                  }),
                )}
              >
                <title>{titleOf(each)}</title>
              </path>
            ))}
          {axes.map(({ title, scale }, i) => (
            <g key={title}>
              <line class="upright" x1={x(i)} x2={x(i)} y1={y(0)} y2={y(1)} />
              <text class="axis" x={x(i)} y={14} text-anchor="middle">
                {title}
              </text>
              {scale.ticks.map(({ at, label }) => (
                <text key={at} class="tick" x={x(i) + 5} y={y(at) + 4}>
                  {label}
                </text>
              ))}
            </g>
          ))}
        </svg>
      </Scrolled>
    </Figure>
  );
};

/** The objective against one parameter. */
export const SliceChart = ({
  study,
  shown,
  parameter,
}: {
  study: Study;
  shown: readonly Shown[];
  parameter: Parameter;
}) => {
  const objective = formatMetricName(study.spec.objective.metric);
  const y = numberScale(shown.map(({ value }) => value));
  const has = shown.filter(({ trial }) => Object.hasOwn(trial.point, parameter.name));
  return (
    <Frame
      title={parameter.title}
      described={`${objective} of ${has.length} trials against ${parameter.title}`}
      x={{ title: parameter.title, scale: parameter.scale }}
      y={{ title: objective, scale: y }}
      data={() => ({
        columns: ["trial", parameter.title, objective],
        rows: has.map(({ trial, value }) => [trial.number, cellOf(trial, parameter.name), value]),
      })}
    >
      {(area) =>
        has.map((each) => (
          <circle
            key={each.trial.number}
            style={{ fill: colourOf(each.rank) }}
            cx={area.x(parameter.scale.place(each.trial.point[parameter.name]!))}
            cy={area.y(y.place(each.value))}
            r={3}
          >
            <title>{titleOf(each)}</title>
          </circle>
        ))
      }
    </Frame>
  );
};

const cells = { across: 24, up: 14 };

/** Two parameters at once: trials as dots, and between them the mean rank of those that lie near, by the inverse of the squared distance. */
export const ContourChart = ({ shown, parameters }: { shown: readonly Shown[]; parameters: readonly Parameter[] }) => {
  const [names, setNames] = useState<[string, string]>([parameters[0]!.name, parameters[1]!.name]);
  const [across, up] = names.map((name) => parameters.find((each) => each.name === name) ?? parameters[0]!) as [
    Parameter,
    Parameter,
  ];
  const dots = shown.flatMap((each) => {
    const { point } = each.trial;
    if (!Object.hasOwn(point, across.name) || !Object.hasOwn(point, up.name)) return [];
    return [{ each, x: across.scale.place(point[across.name]!), y: up.scale.place(point[up.name]!) }];
  });
  const rankAt = (x: number, y: number): number => {
    let [sum, weights] = [0, 0];
    for (const dot of dots) {
      const weight = 1 / ((dot.x - x) ** 2 + (dot.y - y) ** 2 + 1e-4);
      sum += weight * dot.each.rank;
      weights += weight;
    }
    return weights === 0 ? 1 : sum / weights;
  };
  const choose = (place: 0 | 1, name: string): void => setNames(place === 0 ? [name, names[1]] : [names[0], name]);
  return (
    <div class="contour">
      <div class="actions">
        {([0, 1] as const).map((place) => (
          <Select
            key={place}
            inline
            title={place === 0 ? "Across" : "Up"}
            value={names[place]}
            options={parameters.map(({ name, title }) => [name, title] as const)}
            onChange={(name) => choose(place, name)}
          />
        ))}
      </div>
      <Frame
        title="Two parameters"
        described={`${dots.length} trials by ${across.title} and ${up.title}; blue is better, orange worse`}
        x={{ title: across.title, scale: across.scale }}
        y={{ title: up.title, scale: up.scale }}
        width={640}
        height={340}
        data={() => ({
          columns: ["trial", across.title, up.title, "rank (0 is best)"],
          rows: dots.map(({ each: { trial, rank } }) => [
            ...[trial.number, cellOf(trial, across.name), cellOf(trial, up.name), rank],
          ]),
        })}
      >
        {(area) => (
          <>
            {dots.length > 0 &&
              Array.from({ length: cells.across * cells.up }, (_, i) => {
                const [column, row] = [i % cells.across, Math.floor(i / cells.across)];
                const [x, y] = [(column + 0.5) / cells.across, (row + 0.5) / cells.up];
                return (
                  <rect
                    key={i}
                    class="cell"
                    style={{ fill: colourOf(rankAt(x, y)) }}
                    x={area.x(column / cells.across)}
                    y={area.y((row + 1) / cells.up)}
                    width={area.x(1 / cells.across) - area.x(0) + 0.5}
                    height={area.y(0) - area.y(1 / cells.up) + 0.5}
                  />
                );
              })}
            {dots.map(({ each, x, y }) => (
              <circle
                key={each.trial.number}
                class="dot"
                cx={area.x(x)}
                cy={area.y(y)}
                r={3.5}
                style={{ fill: colourOf(each.rank) }}
              >
                <title>{titleOf(each)}</title>
              </circle>
            ))}
          </>
        )}
      </Frame>
    </div>
  );
};

/** How much each parameter matters, the most first. */
export const ImportanceBars = ({ importances }: { importances: Importances }) => {
  const known = importances.items.filter(({ importance }) => importance !== null);
  const unknown = importances.items.filter(({ reason }) => reason !== null);
  return (
    <dl class="bars">
      {unknown.map(({ name, reason }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="muted">{reason}</dd>
        </div>
      ))}
      {known
        .toSorted((a, b) => b.importance! - a.importance!)
        .map(({ name, importance }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <meter min={0} max={1} value={importance!} aria-label={`Importance of ${name}`} />
              <span>{formatPercent(importance!)}</span>
            </dd>
          </div>
        ))}
    </dl>
  );
};
