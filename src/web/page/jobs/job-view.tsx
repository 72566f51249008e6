import { useRef } from "preact/hooks";
import { pointsOfLastFit } from "../../../client/last-fit.ts";
import type { Job, JobEvent, MetricPoint } from "../../../domain/jobs/job.ts";
import type { JobPrediction } from "../../../domain/jobs/prediction-job.ts";
import { api } from "../api.ts";
import { CurveFigure, toCurves } from "../charts/curve-figure.tsx";
import { formatBytes, formatCount, formatNumber, formatSeconds, formatWord } from "../format.ts";
import { Card, Facts, Failure, MetricFacts, Problem, Progress, StateBadge, useAction, useTitle } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Scrolled } from "../scrolled.tsx";
import { FileDownload } from "../views/file-download.tsx";
import { placesOf } from "./epoch-places.ts";
import { jobSeconds } from "./job-seconds.ts";
import { LayerCharts, Speed } from "./layer-charts.tsx";

const timeOf = (iso: string): string => new Date(iso).toLocaleTimeString("en-GB");

const may = {
  pause: (job: Job) => job.state === "queued" || job.state === "running",
  resume: (job: Job) => job.state === "paused",
  cancel: (job: Job) => !job.done && job.state !== "cancelling",
} as const;

const Actions = ({ job, refresh }: { job: Job; refresh: () => void }) => {
  const { busy, error, run } = useAction();
  const act = (action: keyof typeof may): void => {
    if (action === "cancel" && !confirm("Cancel this job? What it has learnt is lost; a paused job keeps it.")) return;
    run(async () => {
      await api.act(job.id, action);
      refresh();
    });
  };
  return (
    <>
      <div class="actions">
        {(["pause", "resume", "cancel"] as const).map(
          (action) =>
            may[action](job) && (
              <button key={action} type="button" disabled={busy} onClick={() => act(action)}>
                {action.charAt(0).toUpperCase() + action.slice(1)}
              </button>
            ),
        )}
        {job.model !== null && (
          <a class="button primary" href={`#/models/${job.model}`}>
            Open the model
          </a>
        )}
      </div>
      <Problem error={error} />
    </>
  );
};

const Summary = ({ job, refresh }: { job: Job; refresh: () => void }) => {
  const seconds = jobSeconds(job, Date.now());
  return (
    <section class="card" aria-label="Summary">
      <div class="card-head">
        <div>
          <h1>{job.spec.name ?? "Job"}</h1>
          <code class="muted">{job.id}</code>
        </div>
        <Actions job={job} refresh={refresh} />
      </div>
      <div class="live" aria-live="polite">
        <StateBadge state={job.state} />
        <Progress share={job.progress} label="Progress of this job" />
        {seconds !== null && <span class="muted">{formatSeconds(seconds)}</span>}
      </div>
      {job.error !== null && (
        <div class="notice error" role="alert">
          <strong>{job.error.message}</strong> {job.error.hint} <code>{job.error.code}</code>
        </div>
      )}
      {job.plan.warnings.map((warning) => (
        <p key={warning} class="notice plain">
          {warning}
        </p>
      ))}
      {Object.keys(job.metrics).length > 0 && <MetricFacts metrics={job.metrics} />}
    </section>
  );
};

const withoutCurves = (job: Job): string => {
  if (!job.done) return "The first epoch will appear here.";
  if (job.state === "succeeded" && job.spec.training.solver === "exact") return "This model was solved in one pass.";
  return "This job ended before its first epoch.";
};

const titleOfCurves = ({ plan }: Job, { repeat, fold }: Partial<MetricPoint>): string => {
  if (plan.fits === undefined) return "Curves";
  return fold === undefined ? "Curves of the model of all rows" : `Curves of fold ${fold}, repeat ${repeat}`;
};

const Curves = ({ job, points }: { job: Job; points: readonly MetricPoint[] }) => {
  const last = pointsOfLastFit(points);
  const { repeat = 0, fold = 0 } = last[0] ?? {};
  return (
    <Card
      title={titleOfCurves(job, last[0] ?? {})}
      actions={
        last.length > 0 && (
          <FileDownload
            label="For TensorBoard"
            path={`/v1/jobs/${job.id}/tensorboard`}
            name={`events.out.tfevents.${job.id}`}
            read={() => api.jobEventFile(job.id)}
          />
        )
      }
    >
      {last.length === 0 ? (
        <p class="muted">{withoutCurves(job)}</p>
      ) : (
        <div class="curves">
          {toCurves(last).map((curve) => (
            <CurveFigure
              key={`${curve.title} ${repeat} ${fold}`}
              curve={curve}
              epochs={placesOf(last, job.plan.stepsPerEpoch)}
            />
          ))}
        </div>
      )}
    </Card>
  );
};

/** Of a job that predicts a whole data set, in place of curves. */
const Answers = ({ id, prediction }: { id: string; prediction: JobPrediction }) => (
  <Card title="Answers">
    <p>
      <a href={`#/models/${prediction.model}`}>The model</a> answers for {formatCount(prediction.rows, "row")}.
    </p>
    {prediction.result === null ? (
      <p class="muted">The file will be here when all of them have their answers.</p>
    ) : (
      <FileDownload
        label="Download answers"
        path={`/v1/predictions/${id}/file`}
        name={`${id}.csv`}
        read={() => api.answers(id)}
      />
    )}
  </Card>
);

const Events = ({ events }: { events: readonly JobEvent[] }) => {
  const elsewhere = ["state", "progress", "metrics"]; // in the history, the bar and the curves
  const told = events.filter(({ type }) => !elsewhere.includes(type));
  return (
    <Card title="Events">
      {told.length === 0 && <p class="muted">No warnings and nothing else to report.</p>}
      <Scrolled label="List of events" kind="event-log">
        <ol>
          {told.map((event) => (
            <li key={event.id} class={`level-${event.level}`}>
              <time dateTime={event.at}>{timeOf(event.at)}</time>
              <span class="tag">{event.level === "info" ? formatWord(event.type) : event.level}</span>
              <span>{event.message}</span>
            </li>
          ))}
        </ol>
      </Scrolled>
    </Card>
  );
};

const History = ({ job }: { job: Job }) => (
  <Card title="History">
    <Scrolled label="Changes of the state" kind="event-log">
      <ol>
        {job.history.map((entry) => (
          <li key={entry.at + entry.state}>
            <time dateTime={entry.at}>{timeOf(entry.at)}</time>
            <StateBadge state={entry.state} />
            <span>
              {entry.reason}
              {entry.attempt > 1 && <span class="muted"> (attempt {entry.attempt})</span>}
            </span>
          </li>
        ))}
      </ol>
    </Scrolled>
  </Card>
);

/** None where nothing is optimised step by step. */
const optimizerOf = ({ prediction, spec: { optimizer, training } }: Job): string | null =>
  prediction !== undefined || training.solver === "exact"
    ? null
    : `${optimizer.type}, learning rate ${formatNumber(optimizer.learningRate)}`;

/** Nothing to say where all lie in the job's memory. */
const rowsOf = ({ plan: { ringRows, spillBytes } }: Job): string | null => {
  if (ringRows === undefined) return null;
  const from = spillBytes === undefined ? "" : ` from the trainer's disk (${formatBytes(spillBytes)})`;
  return `read${from} as they are needed, through a ring of ${formatNumber(ringRows)}`;
};

const memoryOf = ({ plan: { memoryBytes, savedBytes } }: Job): string =>
  savedBytes === undefined
    ? formatBytes(memoryBytes)
    : `${formatBytes(memoryBytes)}; ${formatBytes(savedBytes)} saved by computing activations again`;

const Plan = ({ job }: { job: Job }) => (
  <Card title="Plan">
    <Facts
      facts={[
        ["Data set", <a href={`#/datasets/${job.spec.dataset}`}>{job.spec.dataset}</a>],
        ["Task", formatWord(job.spec.task.type)],
        ["Label", "label" in job.spec.task ? job.spec.task.label : null],
        ["Model", formatWord(job.spec.model.type)],
        ["Loss", formatWord(job.spec.loss.type)],
        ["Optimiser", optimizerOf(job)],
        ["Parameters", formatNumber(job.plan.parameters)],
        ["Memory", memoryOf(job)],
        ["Work per step", `${formatNumber(job.plan.flopsPerStep)} FLOPs`],
        ["Steps", `${formatNumber(job.plan.steps)} (${formatNumber(job.plan.stepsPerEpoch)} an epoch)`],
        ["Rows", rowsOf(job)],
        ["Threads", String(job.plan.threads)],
        [
          "Labels",
          Object.keys(job.spec.labels).length === 0
            ? null
            : Object.entries(job.spec.labels)
                .map(([name, value]) => `${name}=${value}`)
                .join(", "),
        ],
        ["Base model", job.spec.base === undefined ? null : job.spec.base.model],
        ["Attempts", String(job.attempt)],
      ]}
    />
    <details>
      <summary>The whole spec, defaults filled in</summary>
      <Scrolled label="The specification" kind="code">
        <pre>{JSON.stringify(job.spec, null, 2)}</pre>
      </Scrolled>
    </details>
  </Card>
);

/** Live while the job runs; asks no more once it is done. */
export const JobView = ({ id }: { id: string }) => {
  const seen = useRef<{ id: string; points: MetricPoint[]; events: JobEvent[] }>({ id, points: [], events: [] });
  const { value, failure, refresh } = usePoll(
    id,
    async (signal) => {
      // In this order: a job that is seen as done has all its points and events recorded.
      const job = await api.job(id, signal);
      const known = seen.current.id === id ? seen.current : { points: [], events: [] };
      const [points, events] = await Promise.all([
        api.metrics(id, known.points, signal),
        api.events(id, known.events, signal),
      ]);
      seen.current = { id, points, events };
      return { job, points, events };
    },
    ({ job }) => (job.done ? null : job.state === "paused" ? 4000 : 700),
  );
  useTitle(value?.job.spec.name);
  return (
    <>
      <a class="back" href="#/jobs">
        ← Jobs
      </a>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          <Summary job={value.job} refresh={refresh} />
          {value.job.prediction === undefined ? (
            <>
              <Curves job={value.job} points={value.points} />
              <LayerCharts job={value.job} points={pointsOfLastFit(value.points)} />
            </>
          ) : (
            <Answers id={value.job.id} prediction={value.job.prediction} />
          )}
          <div class="columns">
            <div>
              <Events events={value.events} />
              <History job={value.job} />
            </div>
            <div>
              <Plan job={value.job} />
              {value.job.prediction === undefined && value.points.length > 0 && (
                <Speed job={value.job} points={pointsOfLastFit(value.points)} />
              )}
            </div>
          </div>
        </>
      )}
    </>
  );
};
