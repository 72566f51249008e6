import { useState } from "preact/hooks";
import type { Column, Dataset } from "../../../domain/datasets/dataset.ts";
import { BarChart } from "../charts/bar-chart.tsx";
import { HistogramChart } from "../charts/histogram-chart.tsx";
import { MatrixChart } from "../charts/matrix-chart.tsx";
import { formatNumber, formatPercent } from "../format.ts";
import { Card } from "../parts.tsx";
import { Select } from "../select.tsx";
import { binsOf, correlatedWith, correlations, fromDays, measured, numbersOf } from "./column-statistics.ts";
import type { Sample } from "./use-sample.ts";

const mostCategories = 20;
const mostCorrelated = 16;
const mostInMatrix = 24;

/** What the pictures are of, where that is not all rows. */
export const ofRows = ({ rows, complete }: Sample, all: number): string =>
  complete
    ? `All ${formatNumber(all)} rows.`
    : `The first ${formatNumber(rows.length)} of ${formatNumber(all)} rows: where a file is sorted, they are not like the others.`;

const Distribution = ({ column, sample, all }: { column: Column; sample: Sample; all: number }) => {
  const title = `Distribution of ${column.name}`;
  if (column.type === "number" || column.type === "datetime") {
    const values = numbersOf(sample.rows, column);
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return <p class="muted">No row has a value in this column.</p>;
    const dates = column.type === "datetime";
    return (
      <HistogramChart
        title={title}
        axis={dates ? `${column.name}, day` : column.name}
        bins={binsOf(values, Math.min(...known), Math.max(...known))}
        note={ofRows(sample, all)}
        {...(dates ? { labelOf: fromDays } : {})}
      />
    );
  }
  const categories = column.categories ?? [];
  if (categories.length === 0) return <p class="muted">Its values are too many to be counted.</p>;
  return (
    <BarChart
      title={title}
      axis="rows"
      names={column.name}
      rows={categories.slice(0, mostCategories).map(({ value, count }) => ({ name: value, value: count }))}
      note={`Counted over all rows${categories.length > mostCategories ? `; ${formatNumber(categories.length - mostCategories)} rarer values are left out` : ""}.`}
    />
  );
};

const Correlated = ({
  column,
  columns,
  sample,
  all,
}: {
  column: Column;
  columns: readonly Column[];
  sample: Sample;
  all: number;
}) => {
  const others = correlatedWith(column, columns, sample.correlationOf);
  if (others.length === 0) return null;
  return (
    <BarChart
      title={`Correlation with ${column.name}`}
      axis="Pearson's r"
      names="column"
      rows={others.slice(0, mostCorrelated)}
      including={[-1, 1]}
      shown={(value) => value.toFixed(2)}
      note={`The strongest ${Math.min(mostCorrelated, others.length)} of ${others.length}. ${ofRows(sample, all)}`}
    />
  );
};

const Missing = ({ columns, rows }: Pick<Dataset, "columns" | "rows">) => {
  const lacking = columns.filter(({ missing }) => missing > 0).toSorted((a, b) => b.missing - a.missing);
  if (lacking.length === 0) return null;
  return (
    <BarChart
      title="Missing cells"
      axis="share of the rows"
      names="column"
      rows={lacking.slice(0, mostCategories).map(({ name, missing }) => ({ name, value: missing / rows }))}
      including={[1]}
      shown={formatPercent}
      note={`${lacking.length} of ${columns.length} columns lack cells. Counted over all rows.`}
    />
  );
};

const Correlations = ({ columns, sample, all }: { columns: readonly Column[]; sample: Sample; all: number }) => {
  const shown = measured(columns).slice(0, mostInMatrix);
  if (shown.length < 2) return null;
  const cells = correlations(shown, sample.correlationOf);
  const names = shown.map(({ name }) => name);
  const left = measured(columns).length - shown.length;
  return (
    <MatrixChart
      title="Correlations"
      described={`Pearson's r between ${names.length} columns`}
      across="column"
      up="column"
      columns={names}
      rows={names}
      cells={cells}
      shadeOf={(value) => ({ share: Math.abs(value), hue: value < 0 ? 1 : 0 })}
      shown={(value) => value.toFixed(2)}
      note={`Pearson's r; blue rises with the other, orange falls. ${left > 0 ? `${left} more columns are left out. ` : ""}${ofRows(sample, all)}`}
    />
  );
};

/** One column at a time, and what the columns have to do with each other. */
export const ColumnCharts = ({ dataset, sample }: { dataset: Dataset; sample: Sample }) => {
  const columns = dataset.columns.filter(({ type }) => type !== "image");
  const [name, setName] = useState(columns[0]?.name ?? "");
  const column = columns.find((each) => each.name === name) ?? columns[0];
  if (column === undefined) return null;
  return (
    <Card
      title="Distributions and correlations"
      actions={
        <Select
          inline
          title="Column"
          value={column.name}
          options={columns.map((each) => [each.name, each.name] as const)}
          onChange={setName}
        />
      }
    >
      <div class="charts">
        <Distribution column={column} sample={sample} all={dataset.rows} />
        {measured([column]).length > 0 && (
          <Correlated column={column} columns={columns} sample={sample} all={dataset.rows} />
        )}
        <Missing columns={columns} rows={dataset.rows} />
        <Correlations columns={columns} sample={sample} all={dataset.rows} />
      </div>
    </Card>
  );
};
