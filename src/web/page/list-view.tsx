import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Page } from "../../domain/page.ts";
import { Card, Failure, Pager } from "./parts.tsx";
import { usePoll } from "./poll.ts";

/** A column of a table: its heading, what stands in a row, and whether that is a number (at the right). */
export interface TableColumn<T> {
  title: string;
  number?: boolean;
  cell: (item: T) => ComponentChildren;
}

/** A table that becomes a list of cards on a phone, where each cell shows its column's title. */
export const Table = <T,>({
  items,
  keyOf,
  columns,
}: {
  items: readonly T[];
  keyOf: (item: T) => string;
  columns: readonly TableColumn<T>[];
}) => (
  <table class="list">
    <thead>
      <tr>
        {columns.map(({ title, number = false }) => (
          <th key={title} scope="col" class={number ? "number" : undefined}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {items.map((item) => (
        <tr key={keyOf(item)}>
          {columns.map(({ title, number = false, cell }) => (
            <td key={title} data-label={title} class={number ? "number" : undefined}>
              {cell(item)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);

/** A list of resources, page by page, newest first; it follows what happens on the service. `filter` starts it over when it changes. */
export const ListView = <T extends { id: string }>({
  title,
  filter = "",
  load,
  everyMs = () => 5000,
  columns,
  empty,
  actions,
}: {
  title: string;
  filter?: string;
  load: (pageToken: string | null, signal: AbortSignal) => Promise<Page<T>>;
  everyMs?: (page: Page<T>) => number;
  columns: readonly TableColumn<T>[];
  empty: ComponentChildren;
  actions?: ComponentChildren;
}) => {
  const [place, setPlace] = useState<{ filter: string; tokens: readonly string[] }>({ filter, tokens: [] });
  const tokens = place.filter === filter ? place.tokens : [];
  const pageToken = tokens.at(-1) ?? null;
  const { value, failure, refresh } = usePoll(
    `${title} ${filter} ${pageToken}`,
    (signal) => load(pageToken, signal),
    everyMs,
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <Card title={title} main actions={actions}>
        {value === null && failure === null && <p class="muted">Loading…</p>}
        {value?.items.length === 0 && empty}
        {value !== null && value.items.length > 0 && (
          <Table items={value.items} keyOf={({ id }) => id} columns={columns} />
        )}
        <Pager
          tokens={tokens}
          next={value?.nextPageToken ?? null}
          onChange={(next) => setPlace({ filter, tokens: next })}
        />
      </Card>
    </>
  );
};
