import type { Column, Dataset } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { Upload } from "../form/upload.tsx";
import { formatAge, formatBytes, formatDate, formatNumber, formatPercent } from "../format.ts";
import { ListView, Table, type TableColumn } from "../list-view.tsx";
import { Card, Empty, Facts, Failure, Problem, useAction, useTitle } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { ColumnCharts } from "./column-charts.tsx";
import { correlatedWith, measured } from "./column-statistics.ts";
import { DatasetImages } from "./dataset-images.tsx";
import { RowsTable } from "./rows-table.tsx";
import { Sparkline } from "./sparkline.tsx";
import { type Sample, useSample } from "./use-sample.ts";

const datasetColumns: readonly TableColumn<Dataset>[] = [
  {
    title: "Data set",
    cell: ({ id, name }) => (
      <a class="row-link" href={`#/datasets/${id}`}>
        {name}
      </a>
    ),
  },
  { title: "Rows", number: true, cell: ({ rows }) => formatNumber(rows) },
  { title: "Columns", number: true, cell: ({ columns }) => columns.length },
  { title: "Size", number: true, cell: ({ bytes }) => formatBytes(bytes) },
  { title: "Uploaded", number: true, cell: ({ createdAt }) => formatAge(createdAt, Date.now()) },
];

export const DatasetsView = () => (
  <>
    <ListView
      title="Data sets"
      load={api.datasets}
      columns={datasetColumns}
      empty={<Empty title="No data sets yet">Upload a CSV file below to begin.</Empty>}
    />
    <Card title="Upload">
      <Upload
        onDone={({ id }) => {
          location.hash = `#/datasets/${id}`;
        }}
      />
    </Card>
  </>
);

const range = (column: Column): string => {
  if (column.dates !== undefined) return `${column.dates.earliest} … ${column.dates.latest}`;
  if (column.minimum !== undefined && column.maximum !== undefined) {
    return `${formatNumber(column.minimum)} … ${formatNumber(column.maximum)}`;
  }
  const shown = column.categories?.slice(0, 4).map(({ value, count }) => `${value} (${formatNumber(count)})`) ?? [];
  return shown.join(", ") + ((column.categories?.length ?? 0) > 4 ? ", …" : "");
};

const types = ["number", "category", "boolean", "datetime", "text"] as const;

/** The type of a column, to be changed: the file is read once more, and jobs that were planned keep what they had. */
const TypeChoice = ({ column, onChange }: { column: Column; onChange: (type: (typeof types)[number]) => void }) => (
  <select
    aria-label={`Type of ${column.name}`}
    value={column.type}
    onChange={(event) => onChange(event.currentTarget.value as (typeof types)[number])}
  >
    {types.map((type) => (
      <option key={type} value={type}>
        {type}
      </option>
    ))}
  </select>
);

type Retype = (column: string, type: (typeof types)[number]) => void;

const strongestOf = (column: Column, { columns }: Dataset, { correlationOf }: Sample): string => {
  const [strongest] = correlatedWith(column, columns, correlationOf);
  return strongest === undefined || strongest.value === 0
    ? "–"
    : `${strongest.value.toFixed(2)} with ${strongest.name}`;
};

/** Of more columns the table tells no correlations: each is compared with every other. */
const mostCompared = 60;

const Missing = ({ missing, rows }: { missing: number; rows: number }) =>
  missing === 0 ? (
    <span class="muted">none</span>
  ) : (
    <span class="pair">
      <span>{formatNumber(missing)}</span>
      <span class="muted small">{formatPercent(missing / Math.max(1, rows))}</span>
    </span>
  );

const columnColumns = (
  dataset: Dataset,
  sample: Sample | null,
  retype: Retype | null,
): readonly TableColumn<Column>[] => [
  { title: "Column", cell: ({ name }) => <strong>{name}</strong> },
  {
    title: "Type",
    cell: (column) =>
      retype === null ? column.type : <TypeChoice column={column} onChange={(type) => retype(column.name, type)} />,
  },
  { title: "Distribution", cell: (column) => <Sparkline column={column} sample={sample} /> },
  {
    title: "Missing",
    number: true,
    cell: ({ missing }) => <Missing missing={missing} rows={dataset.rows} />,
  },
  {
    title: "Distinct",
    number: true,
    cell: ({ distinct }) => (distinct === null ? "many" : formatNumber(distinct)),
  },
  {
    title: "Mean ± s.d.",
    number: true,
    cell: ({ mean, standardDeviation }) =>
      mean === undefined ? "–" : `${formatNumber(mean)} ± ${formatNumber(standardDeviation ?? 0)}`,
  },
  { title: "Values", cell: range },
  ...(sample !== null && measured(dataset.columns).length > 1 && dataset.columns.length <= mostCompared
    ? [
        {
          title: "Correlation",
          cell: (column: Column) => (measured([column]).length === 0 ? "–" : strongestOf(column, dataset, sample)),
        },
      ]
    : []),
];

/** Most files have none, and then there is no column for them. */
const noteColumn: TableColumn<Column> = {
  title: "Note",
  cell: ({ notes = [] }) =>
    notes.map(({ code, message }) => (
      <div key={code} class="small">
        {message}
      </div>
    )),
};
/** The columns with their statistics and pictures, and the rows. */
const Inside = ({ dataset, retype }: { dataset: Dataset; retype: Retype }) => {
  const { value: sample, failure, refresh } = useSample(dataset);
  const table = columnColumns(dataset, sample, retype);
  const noted = dataset.columns.some(({ notes }) => notes !== undefined);
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <Card title="Columns">
        <Table items={dataset.columns} keyOf={({ name }) => name} columns={noted ? [...table, noteColumn] : table} />
      </Card>
      {sample !== null && sample.rows.length > 0 && <ColumnCharts dataset={dataset} sample={sample} />}
      <RowsTable dataset={dataset} />
    </>
  );
};

/** Files of an archive that are no rows, and the first of them. */
const LeftOut = ({ images: { broken, listed } }: { images: NonNullable<Dataset["images"]> }) => (
  <>
    {formatNumber(broken)}
    {listed.slice(0, 3).map(({ path, reason }) => (
      <div key={path} class="small break">
        {path}: {reason}
      </div>
    ))}
  </>
);

export const DatasetView = ({ id }: { id: string }) => {
  const { value, failure, refresh } = usePoll(
    id,
    (signal) => api.dataset(id, signal),
    () => null,
  );
  useTitle(value?.name);
  const { busy, error, run } = useAction();
  const remove = (): void => {
    if (!confirm("Delete this data set for good?")) return;
    run(async () => {
      await api.remove("datasets", id);
      location.hash = "#/datasets";
    });
  };
  const retype: Retype = (column, type) =>
    run(async () => {
      try {
        await api.retype(id, { [column]: type });
      } finally {
        refresh();
      }
    });
  return (
    <>
      <a class="back" href="#/datasets">
        ← Data sets
      </a>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          <section class="card" aria-label="Summary">
            <div class="card-head">
              <div>
                <h1>{value.name}</h1>
                <code class="muted">{value.id}</code>
              </div>
              <div class="actions">
                <button type="button" class="danger" disabled={busy} onClick={remove}>
                  Delete
                </button>
                <a class="button" href={`#/new-study/${value.id}`}>
                  Search on it
                </a>
                <a class="button primary" href={`#/new/${value.id}`}>
                  Train on it
                </a>
              </div>
            </div>
            <Problem error={error} />
            {value.notes?.map(({ code, message }) => (
              <p key={code} class="notice plain">
                {message}
              </p>
            ))}
            <Facts
              facts={[
                ["Rows", formatNumber(value.rows)],
                ["Columns", String(value.columns.length)],
                ["Size", formatBytes(value.bytes)],
                ...(value.images === undefined
                  ? []
                  : ([["Files left out", <LeftOut images={value.images} />]] as const)),
                ["Uploaded", formatDate(value.createdAt)],
                ["SHA-256", <code class="break">{value.sha256}</code>],
              ]}
            />
          </section>
          {value.format === "images" ? (
            <>
              <DatasetImages dataset={value} />
              <Card title="Columns">
                <Table items={value.columns} keyOf={({ name }) => name} columns={columnColumns(value, null, null)} />
              </Card>
            </>
          ) : (
            <Inside dataset={value} retype={retype} />
          )}
        </>
      )}
    </>
  );
};
