import type { ResidualsByFeature } from "../../../domain/models/parts/residuals-by-feature.ts";
import { IntervalChart } from "../charts/interval-chart.tsx";
import { formatCount, formatNumber } from "../format.ts";

const mostColumns = 6;

type Bin = ResidualsByFeature["columns"][number]["bins"][number];
type Value = Bin["from"];

const shown = (value: Value): string =>
  typeof value === "number" ? formatNumber(value) : value === null ? "missing" : value;

const nameOf = ({ from, to }: Bin): string => (from === to ? shown(from) : `${shown(from)} … ${shown(to)}`);

/** Whether the model errs to one side where a feature is small, large or of one category. */
export const ResidualCharts = ({ residuals, label }: { residuals: ResidualsByFeature | null; label: string }) =>
  residuals === null ? null : (
    <div class="charts">
      {residuals.columns.slice(0, mostColumns).map(({ column, bins, between, pValue }) => (
        <IntervalChart
          key={column}
          title={`Residuals by ${column}`}
          axis={`mean of prediction − truth, ${label}`}
          rows={bins.map((bin) => ({ name: nameOf(bin), estimate: bin.mean }))}
          note={`${formatCount(residuals.rows, "row")}, with 95 % intervals; the bins tell ${formatNumber(100 * between)} % of the residuals' variance${pValue === null ? "" : `, p = ${formatNumber(pValue)} that all means are equal`}.`}
        />
      ))}
    </div>
  );
