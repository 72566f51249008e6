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
import { Card, Empty, Failure, Pager, Progress, StateBadge } from "../parts.tsx";
import { usePoll } from "../poll.ts";

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

const JobRow = ({ job }: { job: Job }) => {
  const best = headline(job.metrics);
  const seconds = jobSeconds(job, Date.now());
  const title = job.spec.name ?? job.id;
  return (
    <tr>
      <td data-label="Job">
        <a class="row-link" href={`#/jobs/${job.id}`}>
          {title}
        </a>
        <span class="muted small">
          {formatWord(job.spec.task.type)}, {formatWord(job.spec.model.type)}
        </span>
      </td>
      <td data-label="State">
        <StateBadge state={job.state} />
      </td>
      <td data-label="Progress">
        <Progress share={job.progress} label={`Progress of ${title}`} />
      </td>
      <td data-label="Loss" class="number">
        <Loss job={job} />
      </td>
      <td data-label="Result" class="number">
        {best === null || best.name.endsWith("Loss") ? (
          "–"
        ) : (
          <span class="pair">
            <strong>{formatMetric(best.name, best.value)}</strong>
            <span class="muted small">{formatMetricName(best.name).toLowerCase().replace("r²", "R²")}</span>
          </span>
        )}
      </td>
      <td data-label="Time" class="number">
        <span class="pair">
          <span>{seconds === null ? "–" : formatSeconds(seconds)}</span>
          <span class="muted small">{formatAge(job.createdAt, Date.now())}</span>
        </span>
      </td>
    </tr>
  );
};

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

export const JobsView = () => {
  const [state, setState] = useState("");
  const [tokens, setTokens] = useState<readonly string[]>([]);
  const pageToken = tokens.at(-1) ?? null;
  const { value, failure, refresh } = usePoll(
    `${state} ${pageToken}`,
    (signal) => api.jobs({ state, pageToken }, signal),
    (page) => (page.items.some((job) => !job.done) ? 1000 : 4000),
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <Card
        title="Jobs"
        main
        actions={
          <div class="actions">
            <StateFilter
              state={state}
              onChange={(chosen) => {
                setTokens([]);
                setState(chosen);
              }}
            />
            <a class="button primary" href="#/new">
              New job
            </a>
          </div>
        }
      >
        {value === null && failure === null && <p class="muted">Loading…</p>}
        {value?.items.length === 0 &&
          (state === "" ? (
            <Empty title="No jobs yet">
              Upload a CSV file and <a href="#/new">train a first model</a>; it takes seconds.
            </Empty>
          ) : (
            <Empty title={`No job is ${state}`}>Choose another state to see the others.</Empty>
          ))}
        {value !== null && value.items.length > 0 && (
          <table class="list">
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">State</th>
                <th scope="col">Progress</th>
                <th scope="col" class="number">
                  Loss
                </th>
                <th scope="col" class="number">
                  Result
                </th>
                <th scope="col" class="number">
                  Time
                </th>
              </tr>
            </thead>
            <tbody>
              {value.items.map((job) => (
                <JobRow key={job.id} job={job} />
              ))}
            </tbody>
          </table>
        )}
        <Pager tokens={tokens} next={value?.nextPageToken ?? null} onChange={setTokens} />
      </Card>
    </>
  );
};
