import type { Drift } from "../../../domain/models/parts/drift.ts";
import { BarChart } from "../charts/bar-chart.tsx";
import { IntervalChart } from "../charts/interval-chart.tsx";
import { formatCount, formatNumber, formatPercent } from "../format.ts";

const mostColumns = 20;

/** Whether the columns are as they were in the data set that a model was trained on. */
export const DriftCharts = ({ model, drift }: { model: string; drift: Drift }) => {
  const shifts = drift.columns.flatMap(({ column, shift }) =>
    shift === null ? [] : [{ name: column, estimate: shift }],
  );
  const distances = drift.columns.flatMap(({ column, distance }) =>
    distance === null ? [] : [{ name: column, value: distance }],
  );
  const beyond = drift.columns.filter((one) => one.beyond === true).map(({ column }) => column);
  const unseen = drift.columns
    .filter((one) => (one.unseen ?? 0) > 0)
    .map((one) => `${one.column} in ${formatCount(one.unseen ?? 0, "row")}`);
  const missing = drift.columns.filter((one) => one.missing !== one.missingThere);
  const rows = `${formatCount(drift.rows, "row")} here, ${formatNumber(drift.rowsThere)} of ${drift.dataset}`;
  const more = (all: readonly unknown[]): string =>
    all.length > mostColumns ? `; ${all.length - mostColumns} more columns drift less` : "";
  return (
    <>
      <h3>Are the columns as they were when {model} was trained?</h3>
      <div class="charts">
        {shifts.length > 0 && (
          <IntervalChart
            title={`Shift of numbers, ${model}`}
            axis="(mean − mean there) / standard deviation there"
            rows={shifts.slice(0, mostColumns)}
            note={`With 95 % intervals; ${rows}${more(shifts)}.${beyond.length > 0 ? ` Values outside of the range there: ${beyond.join(", ")}.` : ""}`}
          />
        )}
        {distances.length > 0 && (
          <BarChart
            title={`Distance of categories, ${model}`}
            axis="half the sum of differences of shares, 0 to 1"
            names="column"
            rows={distances.slice(0, mostColumns)}
            including={[0, 1]}
            note={`0: the same shares, 1: nothing in common; ${rows}${more(distances)}.${unseen.length > 0 ? ` Categories that are not there: ${unseen.join(", ")}.` : ""}`}
          />
        )}
        {missing.length > 0 && (
          <BarChart
            title={`Missing cells, ${model}`}
            axis="share of rows − share there"
            names="column"
            rows={missing
              .slice(0, mostColumns)
              .map((one) => ({ name: one.column, value: one.missing - one.missingThere }))}
            shown={formatPercent}
            note={`Columns without a value more often, or less often, than there; ${rows}.`}
          />
        )}
      </div>
    </>
  );
};
