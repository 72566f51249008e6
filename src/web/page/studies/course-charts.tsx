import type { Study, Trial } from "../../../domain/studies/study.ts";
import { Frame, toPath } from "../charts/frame.tsx";
import { numberScale } from "../charts/scale.ts";
import { formatMetricName, formatNumber, formatSeconds } from "../format.ts";
import { bestSoFar, type Shown, timelineOf, unitOfRungs } from "./study-data.ts";

const told = ({ trial, value }: Shown): string => `trial ${trial.number}, ${trial.state}: ${formatNumber(value)}`;

/** Each trial's value, and the best so far. */
export const HistoryChart = ({ study, shown }: { study: Study; shown: readonly Shown[] }) => {
  const bests = bestSoFar(study, shown);
  const x = numberScale([0, ...shown.map(({ trial }) => trial.number)]);
  const y = numberScale(shown.map(({ value }) => value));
  const objective = formatMetricName(study.spec.objective.metric);
  const last = bests.at(-1);
  const described = `${objective} of ${shown.length} trials${last === undefined ? "" : `; the best is ${formatNumber(last.value)}`}`;
  return (
    <Frame
      title="Best so far"
      described={described}
      x={{ title: "trial", scale: x }}
      y={{ title: objective, scale: y }}
      data={() => ({
        columns: ["trial", "state", objective],
        rows: shown.map(({ trial, value }) => [trial.number, trial.state, value]),
      })}
    >
      {(area) => (
        <>
          <path
            class="best"
            d={toPath(
              bests.flatMap(({ number, value }, i) => {
                const at = area.x(x.place(number));
                const before = bests[i - 1];
                return [
                  ...(before === undefined ? [] : [[at, area.y(y.place(before.value))] as const]),
                  [at, area.y(y.place(value))] as const,
                ];
              }),
            )}
          />
          {shown.map((each) => (
            <circle
              key={each.trial.number}
              class={`trial ${each.trial.state}`}
              cx={area.x(x.place(each.trial.number))}
              cy={area.y(y.place(each.value))}
              r={3}
            >
              <title>{told(each)}</title>
            </circle>
          ))}
        </>
      )}
    </Frame>
  );
};

/** Of studies that stop trials on the way: how each did where it was compared. */
export const RungChart = ({ study, shown }: { study: Study; shown: readonly Shown[] }) => {
  const unit = unitOfRungs(study);
  const courses = shown.map((each) => {
    const { reached, epochs, state, runs } = each.trial;
    const last = unit === "epochs" ? epochs : (runs?.length ?? 0);
    const ends = state === "succeeded" && last > (reached.at(-1)?.epochs ?? 0);
    return { ...each, points: [...reached, ...(ends ? [{ epochs: last, value: each.value }] : [])] };
  });
  const points = courses.flatMap((course) => course.points);
  const x = numberScale(
    points.map(({ epochs }) => epochs),
    study.spec.pruner.type === "asha",
  );
  const y = numberScale(points.map(({ value }) => value));
  const objective = formatMetricName(study.spec.objective.metric);
  return (
    <Frame
      title="Curves by rung"
      described={`${objective} of ${courses.length} trials at the ${unit} where they were compared`}
      x={{ title: unit, scale: x }}
      y={{ title: objective, scale: y }}
      data={() => ({
        columns: ["trial", unit, objective],
        rows: courses.flatMap((course) =>
          course.points.map(({ epochs, value }) => [course.trial.number, epochs, value]),
        ),
      })}
    >
      {(area) =>
        courses.map((course) => (
          <path
            key={course.trial.number}
            class={`course ${course.trial.state}`}
            d={toPath(course.points.map(({ epochs, value }) => [area.x(x.place(epochs)), area.y(y.place(value))]))}
          >
            <title>{told(course)}</title>
          </path>
        ))
      }
    </Frame>
  );
};

/** When each trial ran; those at the same time beneath each other. */
export const TimelineChart = ({ study, trials }: { study: Study; trials: readonly Trial[] }) => {
  const pausedAt = study.state === "paused" ? study.history.at(-1)?.at : undefined;
  const spans = timelineOf(trials, pausedAt === undefined ? Date.now() : Date.parse(pausedAt));
  const lanes = Math.max(1, ...spans.map(({ lane }) => lane + 1));
  const x = numberScale([0, ...spans.map(({ to }) => to)]);
  const y = {
    place: (lane: number) => 1 - (lane + 0.5) / lanes,
    ticks: Array.from({ length: lanes }, (_, i) => ({ at: 1 - (i + 0.5) / lanes, label: String(i + 1) })),
  };
  const last = Math.max(0, ...spans.map(({ to }) => to));
  return (
    <Frame
      title="Timeline"
      described={`${new Set(spans.map(({ trial }) => trial.number)).size} trials in ${formatSeconds(last)}, at most ${lanes} at a time`}
      x={{ title: "seconds since the first trial began", scale: x }}
      y={{ title: "at a time", scale: y }}
      height={Math.max(120, 60 + 26 * lanes)}
      data={() => ({
        columns: ["trial", "state", "from (s)", "to (s)"],
        rows: spans.map(({ trial, from, to }) => [trial.number, trial.state, from, to]),
      })}
    >
      {(area) =>
        spans.map(({ trial, from, to, lane }) => (
          <rect
            key={`${trial.number} ${from}`}
            class={`trial ${trial.state}`}
            x={area.x(x.place(from))}
            width={Math.max(1.5, area.x(x.place(to)) - area.x(x.place(from)) - 0.5)}
            y={area.y(y.place(lane)) - 8}
            height={16}
          >
            <title>
              {`trial ${trial.number}, ${trial.state}: ${formatSeconds(to - from)}, from second ${from.toFixed(1)}`}
            </title>
          </rect>
        ))
      }
    </Frame>
  );
};
