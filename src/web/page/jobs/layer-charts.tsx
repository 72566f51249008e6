import type { Job, LayerStatistics, MetricPoint } from "../../../domain/jobs/job.ts";
import { LineChart } from "../charts/line-chart.tsx";
import { formatBytes, formatNumber } from "../format.ts";
import { Card, Facts } from "../parts.tsx";
import { spread } from "../report/held-out.ts";
import { placesOf } from "./epoch-places.ts";
import { overallSpeed, speeds } from "./speeds.ts";

const measures = [
  { key: "gradientRms", title: "Gradients", axis: "RMS of the gradient", log: true },
  { key: "weightRms", title: "Weights", axis: "RMS of the weights", log: false },
  { key: "activationRms", title: "Activations", axis: "RMS of the outputs", log: false },
  { key: "deadShare", title: "Dead units", axis: "share of units never active", log: false },
] as const satisfies readonly { key: keyof LayerStatistics; title: string; axis: string; log: boolean }[];

/** Of each layer: how large its gradients, weights and outputs are, and which of its units have died. */
export const LayerCharts = ({ job, points }: { job: Job; points: readonly MetricPoint[] }) => {
  const layers = [...new Set(points.flatMap((point) => point.layers.map(({ layer }) => layer)))];
  if (layers.length === 0) return null;
  const places = placesOf(points, job.plan.stepsPerEpoch);
  const charts = measures.map((measure) => ({
    ...measure,
    lines: layers
      .map((layer, hue) => ({
        ...{ name: layer, hue },
        points: points.flatMap((point, i) => {
          const value = point.layers.find((each) => each.layer === layer)?.[measure.key];
          return value === undefined ? [] : [[places[i]!, value] as const];
        }),
      }))
      .filter((line) => line.points.length > 0),
  }));
  return (
    <Card title="Layers">
      <p class="muted small">RMS: root mean square, over all numbers of the layer in an epoch.</p>
      <div class="charts">
        {charts
          .filter(({ lines }) => lines.length > 0)
          .map(({ key, title, axis, log, lines }) => (
            <LineChart
              key={key}
              title={title}
              described={`${axis} of ${lines.length} layers: ${lines.map(({ name, points: own }) => `${name} ends at ${formatNumber(own.at(-1)![1])}`).join(", ")}`}
              x={{ title: "epoch" }}
              y={{ title: axis, log }}
              lines={lines.map((line) => ({
                ...line,
                as: line.points.length > 20 ? ("line" as const) : ("both" as const),
              }))}
              legend
            />
          ))}
      </div>
    </Card>
  );
};

const mostPieces = 40;

/** How fast it computes, and what memory it has. */
export const Speed = ({ job, points }: { job: Job; points: readonly MetricPoint[] }) => {
  const measured = speeds(spread(points, mostPieces));
  const last = points.at(-1);
  const overall = overallSpeed(points);
  const { plan } = job;
  return (
    <Card title="Speed and memory">
      <Facts
        facts={[
          ["Steps a second, overall", overall === null ? null : formatNumber(overall)],
          ["Work a second", overall === null ? null : `${formatNumber((overall * plan.flopsPerStep) / 1e9)} GFLOP/s`],
          ["Seconds of computing", last === undefined ? null : formatNumber(last.seconds)],
          ["Memory, the peak", formatBytes(plan.memoryBytes)],
          ["of it for rows on their way", plan.ringBytes === undefined ? null : formatBytes(plan.ringBytes)],
          [
            "of it for models that were measured",
            plan.measuredBytes === undefined ? null : formatBytes(plan.measuredBytes),
          ],
          ["Saved by computing again", plan.savedBytes === undefined ? null : formatBytes(plan.savedBytes)],
          ["On the trainer's disk", plan.spillBytes === undefined ? null : formatBytes(plan.spillBytes)],
        ]}
      />
      {measured.length > 1 && (
        <div class="charts">
          <LineChart
            title="Speed"
            described={`Steps a second over ${formatNumber(last?.seconds ?? 0)} seconds of computing`}
            x={{ title: "seconds of computing" }}
            y={{ title: "steps a second", including: [0] }}
            lines={[{ name: "between two points", points: measured }]}
          />
        </div>
      )}
    </Card>
  );
};
