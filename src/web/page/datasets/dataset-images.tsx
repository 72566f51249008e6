import { useState } from "preact/hooks";
import type { Column, Dataset, Row } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { formatNumber } from "../format.ts";
import { Card, Failure, Pager } from "../parts.tsx";
import { usePoll } from "../poll.ts";

/** More classes than this are counted in the table of columns. */
const mostClasses = 50;

/** How many rows each value of a column has. */
const Counts = ({ column, rows }: { column: Column; rows: number }) => {
  const categories = column.categories ?? [];
  return (
    <Card title={`Images by ${column.name}`}>
      <ul class="shares">
        {categories.slice(0, mostClasses).map(({ value, count }) => (
          <li key={value}>
            <span>{value}</span>
            <progress max={rows} value={count} aria-label={`Images of ${value}`} />
            <span class="number">{formatNumber(count)}</span>
          </li>
        ))}
      </ul>
      {categories.length > mostClasses && <p class="small">… and {categories.length - mostClasses} more</p>}
    </Card>
  );
};

const captionOf = (row: Row, columns: readonly Column[]): string =>
  columns
    .filter(({ type }) => type !== "image")
    .map(({ name }) => row[name])
    .filter((cell) => cell !== null && cell !== undefined)
    .slice(0, 3)
    .join(" · ");

/** A data set's pictures, page by page, and how many there are of each class. */
export const DatasetImages = ({ dataset }: { dataset: Dataset }) => {
  const { id, columns, rows } = dataset;
  const [tokens, setTokens] = useState<readonly string[]>([]);
  const pageToken = tokens.at(-1) ?? null;
  const { value, failure, refresh } = usePoll(
    `${id} ${pageToken}`,
    (signal) => api.thumbnails(id, pageToken, signal),
    () => null,
  );
  const image = columns.find(({ type }) => type === "image")?.name ?? "";
  const counted = columns.find(({ type, categories }) => type === "category" && categories !== undefined);
  return (
    <>
      {counted !== undefined && <Counts column={counted} rows={rows} />}
      <Card title="Rows">
        <Failure failure={failure} retry={refresh} />
        {value === null && failure === null && <p class="muted">Loading…</p>}
        <ul class="pictures">
          {value?.rows.map((row, i) => (
            // A row has no name but its place.
            <li key={`${pageToken} ${i}`}>
              <img alt={`Thumbnail: ${captionOf(row, columns)}`} src={`data:image/png;base64,${row[image]}`} />
              <span class="small">{captionOf(row, columns)}</span>
            </li>
          ))}
        </ul>
        <Pager
          tokens={tokens}
          next={value?.nextPageToken ?? null}
          words={["← Back", "More →"]}
          onChange={(next) => setTokens(next)}
        />
      </Card>
    </>
  );
};
