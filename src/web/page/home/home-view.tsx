import type { Job } from "../../../domain/jobs/job.ts";
import type { Overview } from "../../../domain/jobs/overview.ts";
import { api } from "../api.ts";
import {
  formatAge,
  formatBytes,
  formatMetric,
  formatMetricName,
  formatNumber,
  formatSeconds,
  headline,
} from "../format.ts";
import { jobSeconds } from "../jobs/job-seconds.ts";
import { Card, Failure, Progress, StateBadge } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { FirstSteps } from "./first-steps.tsx";

interface Seen {
  overview: Overview;
  running: readonly Job[];
  ended: readonly Job[];
}

const mostEnded = 8;

const load = async (signal: AbortSignal): Promise<Seen> => {
  const [overview, running, newest] = await Promise.all([
    api.overview(signal),
    api.jobs({ state: "running", pageToken: null }, signal),
    api.jobs({ state: "", pageToken: null }, signal),
  ]);
  return { overview, running: running.items, ended: newest.items.filter(({ done }) => done).slice(0, mostEnded) };
};

const Counts = ({ jobs }: Pick<Overview, "jobs">) => (
  <ul class="figures" aria-label="Jobs by state">
    {(
      [
        ["running", jobs.running],
        ["queued", jobs.queued],
        ["paused", jobs.paused],
        ["succeeded", jobs.succeeded],
        ["failed", jobs.failed],
        ["cancelled", jobs.cancelled],
      ] as const
    ).map(([state, count]) => (
      <li key={state} class={count > 0 ? `figure-of-${state}` : undefined}>
        <strong>{formatNumber(count)}</strong>
        <span>{state}</span>
      </li>
    ))}
  </ul>
);

const Running = ({ jobs, count }: { jobs: readonly Job[]; count: number }) => (
  <Card title="Running">
    {jobs.length === 0 && <p class="muted">Nothing runs.</p>}
    <ul class="rows">
      {jobs.map((job) => {
        const seconds = jobSeconds(job, Date.now());
        const left = seconds === null || job.progress < 0.02 ? null : (seconds * (1 - job.progress)) / job.progress;
        return (
          <li key={job.id}>
            <a class="row-link" href={`#/jobs/${job.id}`}>
              {job.spec.name}
            </a>
            <Progress share={job.progress} label={`Progress of ${job.spec.name}`} />
            <span class="muted small below">
              {seconds !== null && `${formatSeconds(seconds)} so far`}
              {left !== null && `, at most ${formatSeconds(left)} left`}
              {job.metrics.trainLoss !== undefined && `, loss ${formatNumber(job.metrics.trainLoss)}`}
            </span>
          </li>
        );
      })}
    </ul>
    {count > jobs.length && <p class="muted small">… and {formatNumber(count - jobs.length)} more</p>}
  </Card>
);

const Waiting = ({ overview: { waiting, jobs } }: { overview: Overview }) => (
  <Card title="Waiting">
    {waiting.length === 0 && <p class="muted">Nothing waits.</p>}
    <ol class="rows">
      {waiting.map(({ id, name, pool, since }) => (
        <li key={id}>
          <a class="row-link" href={`#/jobs/${id}`}>
            {name}
          </a>
          <span class="muted small">
            waits for <time dateTime={since}>{formatSeconds((Date.now() - Date.parse(since)) / 1000)}</time>
            {pool !== "default" && `, for the pool ${pool}`}
          </span>
        </li>
      ))}
    </ol>
    {jobs.queued > waiting.length && (
      <p class="muted small">… and {formatNumber(jobs.queued - waiting.length)} more that were submitted later</p>
    )}
  </Card>
);

const Room = ({
  label,
  used,
  all,
  shown,
}: {
  label: string;
  used: number;
  all: number;
  shown: (n: number) => string;
}) => (
  <div class="room">
    <span class="small">{label}</span>
    <meter min={0} max={Math.max(1, all)} value={used} aria-label={`${label} in use`} />
    <span class="small number">
      {shown(used)} of {shown(all)}
    </span>
  </div>
);

const Trainers = ({ trainers }: Pick<Overview, "trainers">) => (
  <Card title="Trainers">
    {trainers.length === 0 && (
      <p class="notice warn">No trainer has told that it is there: jobs are kept, and wait until one comes.</p>
    )}
    <ul class="rows">
      {trainers.map((trainer) => (
        <li key={trainer.name}>
          <strong class="break">{trainer.name}</strong>
          {trainer.pool !== "default" && <span class="muted small">pool {trainer.pool}</span>}
          <Room label="Threads" used={trainer.usedThreads} all={trainer.threads} shown={formatNumber} />
          <Room label="Memory" used={trainer.usedMemoryBytes} all={trainer.memoryBytes} shown={formatBytes} />
          <span class="muted small below">
            {trainer.free === 0 ? "no room for another job" : `room for ${formatNumber(trainer.free)} more`},{" "}
            {formatNumber(trainer.taken)} taken up so far
          </span>
        </li>
      ))}
    </ul>
  </Card>
);

const Ended = ({ jobs }: { jobs: readonly Job[] }) => (
  <Card title="Lately ended" actions={<a href="#/jobs">All jobs</a>}>
    {jobs.length === 0 && <p class="muted">Nothing has ended yet.</p>}
    <ul class="rows">
      {jobs.map((job) => {
        const best = headline(job.metrics);
        return (
          <li key={job.id}>
            <a class="row-link" href={`#/jobs/${job.id}`}>
              {job.spec.name}
            </a>
            <StateBadge state={job.state} />
            <span class="muted small below">
              {best !== null && `${formatMetricName(best.name)} ${formatMetric(best.name, best.value)}, `}
              {formatAge(job.endedAt ?? job.createdAt, Date.now())}
            </span>
          </li>
        );
      })}
    </ul>
  </Card>
);

const isEmpty = ({ overview: { jobs } }: Seen): boolean => Object.values(jobs).every((count) => count === 0);

/** What runs, what waits and for how long, and who could take it up. */
export const HomeView = () => {
  const { value, failure, refresh } = usePoll("home", load, ({ overview: { jobs } }) =>
    jobs.running + jobs.queued > 0 ? 1500 : 4000,
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      <div class="view-head">
        <h1>Home</h1>
        <div class="actions">
          <a class="button" href="#/datasets">
            Data sets
          </a>
          <a class="button primary" href="#/new">
            New job
          </a>
        </div>
      </div>
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          {isEmpty(value) ? <FirstSteps /> : <Counts jobs={value.overview.jobs} />}
          <div class="columns">
            <div>
              {!isEmpty(value) && <Running jobs={value.running} count={value.overview.jobs.running} />}
              {!isEmpty(value) && <Waiting overview={value.overview} />}
            </div>
            <div>
              <Trainers trainers={value.overview.trainers} />
              {!isEmpty(value) && <Ended jobs={value.ended} />}
            </div>
          </div>
        </>
      )}
    </>
  );
};
