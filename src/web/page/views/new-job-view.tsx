import { useMemo, useState } from "preact/hooks";
import { guessLabel, guessTask } from "../../../client/guess-task.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { Plan } from "../../../domain/jobs/job.ts";
import type { JobSpecInput } from "../../../domain/jobs/spec/job-spec.ts";
import { api, newKey } from "../api.ts";
import { formatBytes, formatNumber, formatSeconds } from "../format.ts";
import { Card, Failure, Problem, Progress, useAction } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { usePlan } from "../use-plan.ts";

type Task = "classification" | "regression";
type Effort = NonNullable<JobSpecInput["effort"]>;

const toName = (file: string): string => file.replace(/\.[^.]*$/, "") || "data";

/** A button-like area that takes a CSV by click, keyboard or drop. */
export const Upload = ({ onDone }: { onDone: (dataset: Dataset) => void }) => {
  const [share, setShare] = useState(0);
  const [over, setOver] = useState(false);
  const { busy, error, run } = useAction();
  const start = (file: File | undefined): void => {
    setOver(false);
    if (file === undefined) return;
    setShare(0);
    run(async () => onDone(await api.upload(toName(file.name), file, setShare)));
  };
  return (
    <>
      <label
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          start(event.dataTransfer?.files[0]);
        }}
      >
        <input
          type="file"
          accept=".csv,.tsv,.txt,.gz,.zst,.ndjson,.jsonl,.parquet,text/csv"
          disabled={busy}
          onChange={(event) => start(event.currentTarget.files?.[0])}
        />
        <strong>Choose a CSV file</strong>
        <span class="muted">or drop it here. The first line names the columns.</span>
      </label>
      {busy && <Progress share={share} label="Upload" />}
      <Problem error={error} />
    </>
  );
};

/** What the job would be, asked of the service each time the choice changes. */
const PlanLine = ({ plan }: { plan: Plan | null }) => (
  <div aria-live="polite">
    {plan !== null && (
      <>
        <p class="muted">
          {formatNumber(plan.parameters)} parameters, {formatBytes(plan.memoryBytes)}, up to {formatNumber(plan.steps)}{" "}
          steps, about {formatSeconds(plan.estimatedSeconds)} of computing.
        </p>
        {plan.warnings.map((warning) => (
          <p key={warning} class="notice plain">
            {warning}
          </p>
        ))}
      </>
    )}
  </div>
);

const Choices = ({ dataset }: { dataset: Dataset }) => {
  const [label, setLabel] = useState(guessLabel(dataset.columns));
  const [chosenTask, setChosenTask] = useState<Task | null>(null);
  const [name, setName] = useState(dataset.name);
  const [effort, setEffort] = useState<Effort>("quick");
  const column = dataset.columns.find((candidate) => candidate.name === label);
  const task: Task = chosenTask ?? (column === undefined ? "classification" : guessTask(column));
  const asked: JobSpecInput = {
    ...{ dataset: dataset.id, task: { type: task, label } },
    ...(effort === "quick" ? {} : { effort }),
  };
  const spec: JobSpecInput = { ...(name === "" ? {} : { name }), ...asked };
  const body = JSON.stringify(spec);
  // One key per spec: a second click on the same form gives the same job.
  const idempotencyKey = useMemo(newKey, [body]);
  const { plan, error: planError } = usePlan<JobSpecInput, Plan>(asked, api.plan);
  const { busy, error, run } = useAction();
  const submit = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      const job = await api.submit(spec, idempotencyKey);
      location.hash = `#/jobs/${job.id}`;
    });
  };
  return (
    <form onSubmit={submit}>
      <div class="fields">
        <label>
          Predict the column
          <select
            value={label}
            onChange={(event) => {
              setLabel(event.currentTarget.value);
              setChosenTask(null);
            }}
          >
            {dataset.columns.map((candidate) => (
              <option key={candidate.name} value={candidate.name}>
                {candidate.name} ({candidate.type}
                {candidate.distinct === null ? "" : `, ${candidate.distinct} distinct`})
              </option>
            ))}
          </select>
        </label>
        <label>
          As
          <select value={task} onChange={(event) => setChosenTask(event.currentTarget.value as Task)}>
            <option value="classification">classification (one of several labels)</option>
            <option value="regression">regression (a number)</option>
          </select>
        </label>
        <label>
          Effort
          <select value={effort} onChange={(event) => setEffort(event.currentTarget.value as Effort)}>
            <option value="quick">quick: one small network</option>
            <option value="good">good: several networks, fitted to all rows; best for most tables</option>
            <option value="best">best: more of them, up to ten times the work</option>
          </select>
        </label>
        <label>
          Name of the job
          <input maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
      </div>
      <PlanLine plan={plan} />
      <Problem error={error ?? planError} />
      <button type="submit" class="primary" disabled={busy || planError !== null}>
        {busy ? "Starting…" : "Start training"}
      </button>
      <p class="muted small">
        Optimiser, epochs and everything else take the service's defaults. The <a href="/docs/api">API</a> takes them
        all.
      </p>
    </form>
  );
};

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
          <Choices key={value.id} dataset={value} />
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
      <a class="back" href="#/">
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
