import { useState } from "preact/hooks";
import type { Cell, Dataset } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { formatNumber, shorten } from "../format.ts";
import { Card, Failure, Pager } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Scrolled } from "../scrolled.tsx";

const perPage = 20;
const longest = 80;

const shown = (cell: Cell | undefined): string =>
  typeof cell === "number" ? String(cell) : shorten(String(cell), longest);

/** The rows as they are, page by page. */
export const RowsTable = ({ dataset }: { dataset: Dataset }) => {
  const { id, columns, rows } = dataset;
  const [tokens, setTokens] = useState<readonly string[]>([]);
  const pageToken = tokens.at(-1) ?? null;
  const { value, failure, refresh } = usePoll(
    `rows ${id} ${pageToken} ${columns.map(({ type }) => type).join()}`,
    (signal) => api.rowPage(id, { limit: perPage, ...(pageToken === null ? {} : { pageToken }) }, signal),
    () => null,
  );
  const first = tokens.length * perPage;
  return (
    <Card title="Rows">
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          <p class="muted small" role="status">
            {value.rows.length === 0
              ? "There are no rows."
              : `Rows ${formatNumber(first)} to ${formatNumber(first + value.rows.length - 1)} of ${formatNumber(rows)}, counted from 0`}
          </p>
          <Scrolled label="Rows of the data set">
            <table class="cells">
              <thead>
                <tr>
                  <th scope="col" class="number">
                    Row
                  </th>
                  {columns.map(({ name, type }) => (
                    <th key={name} scope="col" class={type === "number" ? "number" : undefined}>
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {value.rows.map((row, i) => (
                  <tr key={first + i}>
                    <th scope="row" class="number">
                      {first + i}
                    </th>
                    {columns.map(({ name, type }) => {
                      const cell = row[name];
                      const missing = cell === null || cell === undefined || cell === "";
                      return (
                        <td key={name} class={type === "number" ? "number" : undefined}>
                          {missing ? <span class="muted">missing</span> : shown(cell)}
                        </td>
                      );
                    })}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scrolled>
        </>
      )}
      <Pager
        tokens={tokens}
        next={value?.nextPageToken ?? null}
        words={["← Back", "More →"]}
        onChange={(next) => setTokens(next)}
      />
    </Card>
  );
};
