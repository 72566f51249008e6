import { useState } from "preact/hooks";
import type { Column } from "../../../domain/datasets/dataset.ts";

const searchable = 20;

/** Which columns a job learns from: those without a tick are excluded. */
export const ColumnsChoice = ({
  columns,
  excluded,
  onChange,
}: {
  /** All but the label. */
  columns: readonly Column[];
  excluded: readonly string[];
  onChange: (excluded: readonly string[]) => void;
}) => {
  const [search, setSearch] = useState("");
  const shown = columns.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  const toggle = (name: string): void =>
    onChange(excluded.includes(name) ? excluded.filter((each) => each !== name) : [...excluded, name]);
  const left = columns.filter(({ name }) => !excluded.includes(name)).length;
  return (
    <details class="columns-choice">
      <summary>
        Learn from {left} of {columns.length} columns
      </summary>
      {columns.length > searchable && (
        <input
          type="search"
          aria-label="Search columns"
          placeholder="search columns"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <fieldset class="bare checks" aria-label="Columns to learn from">
        {shown.map(({ name, type }) => (
          <label key={name}>
            <input type="checkbox" checked={!excluded.includes(name)} onChange={() => toggle(name)} />
            <span>
              {name} <span class="muted small">{type}</span>
            </span>
          </label>
        ))}
      </fieldset>
    </details>
  );
};
