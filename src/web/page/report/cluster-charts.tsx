import type { Row } from "../../../domain/datasets/dataset.ts";
import type { Model } from "../../../domain/models/model.ts";
import type { Prediction } from "../../../domain/models/predictions/prediction.ts";
import type { ClusteringReport } from "../../../domain/models/report.ts";
import { api } from "../api.ts";
import { BarChart } from "../charts/bar-chart.tsx";
import { LineChart } from "../charts/line-chart.tsx";
import { formatCount, formatNumber, formatPercent } from "../format.ts";
import { Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { type Components, toComponents } from "./components.ts";

const mostRows = 500;

interface Seen {
  components: Components | null;
  predictions: readonly Prediction[];
  rows: readonly Row[];
}

const load = async (model: Model, signal: AbortSignal): Promise<Seen | null> => {
  if (model.dataset === null || model.preprocessing.features.some(({ type }) => type === "image")) return null;
  const { rows } = await api.rowPage(model.dataset, { limit: mostRows }, signal);
  if (rows.length === 0) return null;
  const { predictions } = await api.predict(model.id, rows);
  return { components: toComponents(rows, model.preprocessing.features), predictions, rows };
};

/** Which group a row is in; of densities a fifth, the least likely rows first. */
const groupsOf = (predictions: readonly Prediction[]): string[] => {
  const densities = predictions.map((each) => ("logDensity" in each ? each.logDensity : Number.NaN));
  const order = densities.toSorted((a, b) => a - b);
  const least = order[Math.floor(order.length / 20)] ?? Number.NEGATIVE_INFINITY;
  return predictions.map((each) => {
    if ("cluster" in each) return `cluster ${each.cluster}`;
    if ("component" in each) return `component ${each.component}`;
    return "logDensity" in each && each.logDensity < least ? "the twentieth that is least likely" : "other rows";
  });
};

const Plane = ({ seen: { components, predictions } }: { seen: Seen }) => {
  if (components === null)
    return <p class="muted">Rows do not spread in two directions: there is no picture of them.</p>;
  const groups = groupsOf(predictions);
  const names = [...new Set(groups)].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const [first, second] = components.shares;
  return (
    <LineChart
      title="Rows on their first two components"
      described={`${formatCount(components.points.length, "row")} in ${formatCount(names.length, "group")} on the two directions in which they spread most`}
      x={{ title: `first component (${formatPercent(first)} of the variance)` }}
      y={{ title: `second component (${formatPercent(second)})` }}
      lines={names.map((name, hue) => ({
        ...{ name, hue, as: "dots" as const },
        points: components.points.filter((_, i) => groups[i] === name),
      }))}
      legend
      height={280}
      note={`The first ${formatNumber(components.points.length)} rows of the data set, standardised as the model sees them.`}
    />
  );
};

const Criteria = ({ criteria }: Pick<ClusteringReport, "criteria">) =>
  criteria.length < 2 ? null : (
    <LineChart
      title="How many groups"
      described={`${criteria[0]!.criterion} by number of groups`}
      x={{ title: "groups" }}
      y={{ title: criteria[0]!.criterion === "bic" ? "BIC (lower is better)" : "silhouette (higher is better)" }}
      lines={[
        { name: criteria[0]!.criterion, as: "both", points: criteria.map(({ k, value }) => [k, value] as const) },
      ]}
    />
  );

/** Clusters as a picture, how large and how sure each is, and by which columns they differ. */
export const ClusterCharts = ({ model, report }: { model: Model; report: ClusteringReport }) => {
  const { value, failure, refresh } = usePoll(
    `components ${model.id}`,
    (signal) => load(model, signal),
    () => null,
  );
  const stable = report.clusters.flatMap(({ stability }, i) =>
    stability === null ? [] : [{ name: `cluster ${i}`, value: stability }],
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <div class="charts">
        {value !== null && <Plane seen={value} />}
        <BarChart
          title="Rows of each group"
          axis={`rows of the ${report.split} split`}
          names="group"
          rows={report.clusters.map(({ rows }, i) => ({ name: `group ${i}`, value: rows }))}
        />
        {stable.length > 0 && (
          <BarChart
            title="Stability of each cluster"
            axis="mean Jaccard similarity with resamples"
            names="cluster"
            rows={stable}
            including={[1]}
            note="Above 0.85 it is found again in other rows; below 0.6 it is an accident of these."
          />
        )}
        {report.columns.length > 0 && (
          <BarChart
            title="Columns that tell them apart"
            axis="share of the variance between clusters (η²)"
            names="column"
            rows={report.columns.slice(0, 20).map(({ column, between }) => ({ name: column, value: between }))}
            including={[1]}
          />
        )}
        <Criteria criteria={report.criteria} />
      </div>
    </>
  );
};
