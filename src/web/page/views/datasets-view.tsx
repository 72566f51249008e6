import { useState } from "preact/hooks";
import type { Column } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { formatAge, formatBytes, formatDate, formatNumber } from "../format.ts";
import { Card, Empty, Facts, Failure, Pager, Problem, useAction } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Upload } from "./new-job-view.tsx";

export const DatasetsView = () => {
  const [tokens, setTokens] = useState<readonly string[]>([]);
  const pageToken = tokens.at(-1) ?? null;
  const { value, failure, refresh } = usePoll(
    `datasets ${pageToken}`,
    (signal) => api.datasets(pageToken, signal),
    () => 5000,
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <Card title="Data sets" main>
        {value === null && failure === null && <p class="muted">Loading…</p>}
        {value?.items.length === 0 && <Empty title="No data sets yet">Upload a CSV file below to begin.</Empty>}
        {value !== null && value.items.length > 0 && (
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Data set</th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Columns
                </th>
                <th scope="col" class="number">
                  Size
                </th>
                <th scope="col" class="number">
                  Uploaded
                </th>
              </tr>
            </thead>
            <tbody>
              {value.items.map((dataset) => (
                <tr key={dataset.id}>
                  <td data-label="Data set">
                    <a class="row-link" href={`#/datasets/${dataset.id}`}>
                      {dataset.name}
                    </a>
                  </td>
                  <td data-label="Rows" class="number">
                    {formatNumber(dataset.rows)}
                  </td>
                  <td data-label="Columns" class="number">
                    {dataset.columns.length}
                  </td>
                  <td data-label="Size" class="number">
                    {formatBytes(dataset.bytes)}
                  </td>
                  <td data-label="Uploaded" class="number">
                    {formatAge(dataset.createdAt, Date.now())}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <Pager tokens={tokens} next={value?.nextPageToken ?? null} onChange={setTokens} />
      </Card>
      <Card title="Upload">
        <Upload
          onDone={({ id }) => {
            location.hash = `#/datasets/${id}`;
          }}
        />
      </Card>
    </>
  );
};

const range = (column: Column): string => {
  if (column.minimum !== undefined && column.maximum !== undefined) {
    return `${formatNumber(column.minimum)} … ${formatNumber(column.maximum)}`;
  }
  const shown = column.categories?.slice(0, 4).map(({ value, count }) => `${value} (${formatNumber(count)})`) ?? [];
  return shown.join(", ") + ((column.categories?.length ?? 0) > 4 ? ", …" : "");
};

const Columns = ({ columns }: { columns: readonly Column[] }) => (
  <table class="list">
    <thead>
      <tr>
        <th scope="col">Column</th>
        <th scope="col">Type</th>
        <th scope="col" class="number">
          Missing
        </th>
        <th scope="col" class="number">
          Distinct
        </th>
        <th scope="col" class="number">
          Mean ± s.d.
        </th>
        <th scope="col">Values</th>
      </tr>
    </thead>
    <tbody>
      {columns.map((column) => (
        <tr key={column.name}>
          <td data-label="Column">
            <strong>{column.name}</strong>
          </td>
          <td data-label="Type">{column.type}</td>
          <td data-label="Missing" class="number">
            {formatNumber(column.missing)}
          </td>
          <td data-label="Distinct" class="number">
            {column.distinct === null ? "many" : formatNumber(column.distinct)}
          </td>
          <td data-label="Mean ± s.d." class="number">
            {column.mean === undefined
              ? "–"
              : `${formatNumber(column.mean)} ± ${formatNumber(column.standardDeviation ?? 0)}`}
          </td>
          <td data-label="Values">{range(column)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

export const DatasetView = ({ id }: { id: string }) => {
  const { value, failure, refresh } = usePoll(
    id,
    (signal) => api.dataset(id, signal),
    () => null,
  );
  const { busy, error, run } = useAction();
  const remove = (): void => {
    if (!confirm("Delete this data set for good?")) return;
    run(async () => {
      await api.remove("datasets", id);
      location.hash = "#/datasets";
    });
  };
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
                <a class="button primary" href={`#/new/${value.id}`}>
                  Train on it
                </a>
              </div>
            </div>
            <Problem error={error} />
            <Facts
              facts={[
                ["Rows", formatNumber(value.rows)],
                ["Columns", String(value.columns.length)],
                ["Size", formatBytes(value.bytes)],
                ["Uploaded", formatDate(value.createdAt)],
                ["SHA-256", <code class="break">{value.sha256}</code>],
              ]}
            />
          </section>
          <Card title="Columns">
            <Columns columns={value.columns} />
          </Card>
        </>
      )}
    </>
  );
};
