import { useState } from "preact/hooks";
import type { Job } from "../../../domain/jobs/job.ts";
import { api } from "../api.ts";
import {
  formatAge,
  formatMetric,
  formatMetricName,
  formatNumber,
  formatSeconds,
  formatWord,
  headline,
} from "../format.ts";
import { jobSeconds } from "../job-seconds.ts";
import { ListView, type TableColumn } from "../list-view.tsx";
import { Empty, Progress, StateBadge } from "../parts.tsx";

const states = ["queued", "running", "paused", "succeeded", "failed", "cancelled"] as const;

const Loss = ({ job }: { job: Job }) => {
  const train = job.metrics.trainLoss;
  const validation = job.metrics.validationLoss;
  if (train === undefined && validation === undefined) return <>–</>;
  return (
    <span class="pair">
      {train !== undefined && <span title="train">{formatNumber(train)}</span>}
      {validation !== undefined && (
        <span class="muted" title="validation">
          {formatNumber(validation)} val.
        </span>
      )}
    </span>
  );
};

const Result = ({ job }: { job: Job }) => {
  const best = headline(job.metrics);
  if (best === null || best.name.endsWith("Loss")) return <>–</>;
  return (
    <span class="pair">
      <strong>{formatMetric(best.name, best.value)}</strong>
      <span class="muted small">{formatMetricName(best.name).toLowerCase().replace("r²", "R²")}</span>
    </span>
  );
};

const Time = ({ job }: { job: Job }) => {
  const seconds = jobSeconds(job, Date.now());
  return (
    <span class="pair">
      <span>{seconds === null ? "–" : formatSeconds(seconds)}</span>
      <span class="muted small">{formatAge(job.createdAt, Date.now())}</span>
    </span>
  );
};

const titleOf = ({ id, spec }: Job): string => spec.name ?? id;

const columns: readonly TableColumn<Job>[] = [
  {
    title: "Job",
    cell: (job) => (
      <>
        <a class="row-link" href={`#/jobs/${job.id}`}>
          {titleOf(job)}
        </a>
        <span class="muted small">
          {formatWord(job.spec.task.type)}, {formatWord(job.spec.model.type)}
        </span>
      </>
    ),
  },
  { title: "State", cell: ({ state }) => <StateBadge state={state} /> },
  { title: "Progress", cell: (job) => <Progress share={job.progress} label={`Progress of ${titleOf(job)}`} /> },
  { title: "Loss", number: true, cell: (job) => <Loss job={job} /> },
  { title: "Result", number: true, cell: (job) => <Result job={job} /> },
  { title: "Time", number: true, cell: (job) => <Time job={job} /> },
];

const StateFilter = ({ state, onChange }: { state: string; onChange: (state: string) => void }) => (
  <label class="inline">
    State
    <select value={state} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">all</option>
      {states.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  </label>
);

const NoJobs = ({ state }: { state: string }) =>
  state === "" ? (
    <Empty title="No jobs yet">
      Upload a CSV file and <a href="#/new">train a first model</a>; it takes seconds.
    </Empty>
  ) : (
    <Empty title={`No job is ${state}`}>Choose another state to see the others.</Empty>
  );

export const JobsView = () => {
  const [state, setState] = useState("");
  return (
    <ListView
      title="Jobs"
      filter={state}
      load={(pageToken, signal) => api.jobs({ state, pageToken }, signal)}
      everyMs={(page) => (page.items.some((job) => !job.done) ? 1000 : 4000)}
      columns={columns}
      empty={<NoJobs state={state} />}
      actions={
        <div class="actions">
          <StateFilter state={state} onChange={setState} />
          <a class="button primary" href="#/new">
            New job
          </a>
        </div>
      }
    />
  );
};
