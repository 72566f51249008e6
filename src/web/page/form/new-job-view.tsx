import { useState } from "preact/hooks";
import { api } from "../api.ts";
import { formatCount, formatNumber } from "../format.ts";
import { hasWords } from "../has-words.ts";
import { Card, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { JobForm } from "./job-form.tsx";
import { Upload } from "./upload.tsx";

const mostShown = 25;

/** The newest data sets, and of more than can be listed those that are searched for among all. */
const Picker = ({ chosen, onPick }: { chosen: string | null; onPick: (dataset: string) => void }) => {
  const [search, setSearch] = useState("");
  const searches = search.trim() !== "";
  const { value, failure, refresh } = usePoll(
    searches ? "all data sets" : "datasets",
    async (signal) =>
      searches ? { items: await api.allDatasets(signal), nextPageToken: null } : api.datasets(null, signal),
    () => null,
  );
  const found = (value?.items ?? []).filter(({ name, id }) => hasWords(`${name} ${id}`, search));
  const shown = found.slice(0, mostShown);
  const hasMore = searches || (value !== null && value.nextPageToken !== null);
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <div class="fields">
        {hasMore && (
          <label>
            Search the data sets
            <input type="search" value={search} onInput={({ currentTarget }) => setSearch(currentTarget.value)} />
          </label>
        )}
        {found.length > 0 && (
          <label>
            Or take one that is already here
            <select
              value={shown.find(({ id }) => id === chosen)?.id ?? ""}
              onChange={(event) => onPick(event.currentTarget.value)}
            >
              <option value="" disabled>
                choose a data set
              </option>
              {shown.map((dataset) => (
                <option key={dataset.id} value={dataset.id}>
                  {dataset.name} ({formatCount(dataset.rows, "row")}, {formatCount(dataset.columns.length, "column")})
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {searches && (
        <p class="muted small" role="status">
          {value === null
            ? "Looking…"
            : `${formatNumber(found.length)} of ${formatNumber(value.items.length)}${found.length > mostShown ? `, the newest ${mostShown} are listed` : ""}`}
        </p>
      )}
    </>
  );
};

const Chosen = ({ id }: { id: string }) => {
  const { value, failure, refresh } = usePoll(
    id,
    (signal) => api.dataset(id, signal),
    () => null,
  );
  return (
    <Card title="2. What to learn">
      <Failure failure={failure} retry={refresh} />
      {value !== null && (
        <>
          <p>
            <a href={`#/datasets/${value.id}`}>{value.name}</a>: {formatCount(value.rows, "row")},{" "}
            {formatCount(value.columns.length, "column")}.
          </p>
          <JobForm key={value.id} dataset={value} />
        </>
      )}
    </Card>
  );
};

/** From a CSV file to a running job in three choices. */
export const NewJobView = ({ dataset }: { dataset: string | null }) => {
  const open = (id: string): void => {
    location.hash = `#/new/${id}`;
  };
  return (
    <>
      <a class="back" href="#/jobs">
        ← Jobs
      </a>
      <h1>New job</h1>
      <Card title="1. Data">
        <Upload onDone={({ id }) => open(id)} />
        <Picker key={dataset ?? ""} chosen={dataset} onPick={open} />
      </Card>
      {dataset !== null && <Chosen id={dataset} />}
    </>
  );
};
