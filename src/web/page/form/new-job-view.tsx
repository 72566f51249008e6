import { api } from "../api.ts";
import { formatNumber } from "../format.ts";
import { Card, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { JobForm } from "./job-form.tsx";
import { Upload } from "./upload.tsx";

const Picker = ({ chosen, onPick }: { chosen: string | null; onPick: (dataset: string) => void }) => {
  const { value, failure, refresh } = usePoll(
    "datasets",
    (signal) => api.datasets(null, signal),
    () => null,
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      {value !== null && value.items.length > 0 && (
        <label>
          Or take one that is already here
          <select value={chosen ?? ""} onChange={(event) => onPick(event.currentTarget.value)}>
            <option value="" disabled>
              choose a data set
            </option>
            {value.items.map((dataset) => (
              <option key={dataset.id} value={dataset.id}>
                {dataset.name} ({formatNumber(dataset.rows)} rows, {dataset.columns.length} columns)
              </option>
            ))}
          </select>
        </label>
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
            <a href={`#/datasets/${value.id}`}>{value.name}</a>: {formatNumber(value.rows)} rows, {value.columns.length}{" "}
            columns.
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
