import { useRef } from "preact/hooks";
import type { Importances, Leaderboard } from "../../../domain/studies/standing.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import { api } from "../api.ts";
import { formatMetric, formatMetricName } from "../format.ts";
import { Card, Facts, Failure, Problem, Progress, StateBadge, useAction, useTitle } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Scrolled } from "../scrolled.tsx";
import { FileDownload } from "../views/file-download.tsx";
import { HistoryChart, RungChart, TimelineChart } from "./course-charts.tsx";
import { ContourChart, ImportanceBars, ParallelChart, SliceChart } from "./space-charts.tsx";
import { Faults, interval, Standings } from "./standings.tsx";
import { parametersOf, shownTrials } from "./study-data.ts";

const may = {
  pause: ({ state }: Study) => state === "running",
  resume: ({ state }: Study) => state === "paused",
  cancel: ({ done, state }: Study) => !done && state !== "cancelling",
} as const;

const Actions = ({ study, refresh }: { study: Study; refresh: () => void }) => {
  const { busy, error, run } = useAction();
  const act = (action: keyof typeof may): void => {
    if (action === "cancel" && !confirm("Cancel this study and its running trials? A paused one can go on.")) return;
    run(async () => {
      await api.actOnStudy(study.id, action);
      refresh();
    });
  };
  return (
    <>
      <div class="actions">
        {(["pause", "resume", "cancel"] as const).map(
          (action) =>
            may[action](study) && (
              <button key={action} type="button" disabled={busy} onClick={() => act(action)}>
                {action.charAt(0).toUpperCase() + action.slice(1)}
              </button>
            ),
        )}
        {study.final?.model != null && (
          <a class="button primary" href={`#/models/${study.final.model}`}>
            Open the model
          </a>
        )}
      </div>
      <Problem error={error} />
    </>
  );
};

const Summary = ({ study, refresh }: { study: Study; refresh: () => void }) => {
  const { best, counts, spec, final } = study;
  const { metric } = spec.objective;
  return (
    <section class="card" aria-label="Summary">
      <div class="card-head">
        <div>
          <h1>{study.name}</h1>
          <code class="muted">{study.id}</code>
        </div>
        <Actions study={study} refresh={refresh} />
      </div>
      <div class="live" aria-live="polite">
        <StateBadge state={study.state} />
        <Progress share={study.progress} label="Progress of this study" />
      </div>
      {study.error !== null && (
        <div class="notice error" role="alert">
          <strong>{study.error.message}</strong> {study.error.hint} <code>{study.error.code}</code>
        </div>
      )}
      <Facts
        facts={[
          ["Data set", <a href={`#/datasets/${spec.job.dataset}`}>{spec.job.dataset}</a>],
          ["Objective", `${formatMetricName(metric)}, ${spec.objective.direction}`],
          ["Trials", `${counts.trials} of ${spec.trials}`],
          ["Running", String(counts.running + counts.waiting)],
          ["Succeeded", String(counts.succeeded)],
          ["Stopped", counts.stopped === 0 ? null : String(counts.stopped)],
          ["Failed", counts.failed === 0 ? null : String(counts.failed)],
          ["Best trial", best === null ? null : <a href={`#/jobs/${best.job}`}>{`trial ${best.trial}`}</a>],
          ["Its value (naive)", best === null ? null : formatMetric(metric, best.value)],
          [
            "Corrected for having been chosen",
            best?.corrected == null
              ? null
              : `${formatMetric(metric, best.corrected)}${interval(best.lower, best.upper)}`,
          ],
          ["Final job", final === null ? null : <a href={`#/jobs/${final.job}`}>{final.state}</a>],
          ...Object.entries(final?.metrics ?? {})
            .filter(([name]) => name.startsWith("test"))
            .map(([name, value]) => [formatMetricName(name), formatMetric(name, value)] as const),
        ]}
      />
    </section>
  );
};

const Charts = ({ study, trials }: { study: Study; trials: readonly Trial[] }) => {
  const shown = shownTrials(study, trials);
  if (shown.length === 0) return null;
  const parameters = parametersOf(study, trials);
  const compared = shown.some(({ trial }) => trial.reached.length > 0);
  return (
    <>
      <Card title="Course">
        <div class="charts">
          <HistoryChart study={study} shown={shown} />
          {compared && <RungChart study={study} shown={shown} />}
          <TimelineChart study={study} trials={trials} />
        </div>
      </Card>
      <Card title="Space">
        <ParallelChart study={study} shown={shown} parameters={parameters} />
        <div class="charts">
          {parameters.map((parameter) => (
            <SliceChart key={parameter.name} study={study} shown={shown} parameter={parameter} />
          ))}
        </div>
        {parameters.length > 1 && <ContourChart shown={shown} parameters={parameters} />}
      </Card>
    </>
  );
};

interface Seen {
  study: Study;
  trials: readonly Trial[];
  leaderboard: Leaderboard;
  importances: Importances;
}

/** @param before what was seen last: the standing, which is read from the models' scores, changes only when another trial has come to its end */
const load = async (id: string, before: Seen | null, signal: AbortSignal): Promise<Seen> => {
  // In this order: a study that is seen as done has all its trials recorded.
  const study = await api.study(id, signal);
  const isSame = before?.study.counts.succeeded === study.counts.succeeded && before.study.done === study.done;
  const [trials, leaderboard, importances] = await Promise.all([
    api.trials(id, signal),
    isSame ? before.leaderboard : api.leaderboard(id, signal),
    isSame ? before.importances : api.importances(id, signal),
  ]);
  return { study, trials, leaderboard, importances };
};

/** Live while the study runs; asks no more once it is done. */
export const StudyView = ({ id }: { id: string }) => {
  const seen = useRef<Seen | null>(null);
  const { value, failure, refresh } = usePoll(
    id,
    async (signal) => {
      seen.current = await load(id, seen.current, signal);
      return seen.current;
    },
    ({ study }) => (study.done ? null : study.state === "paused" ? 4000 : 1500),
  );
  useTitle(value?.study.name);
  return (
    <>
      <a class="back" href="#/studies">
        ← Studies
      </a>
      <Failure failure={failure} retry={refresh} />
      {value === null && failure === null && <p class="muted">Loading…</p>}
      {value !== null && (
        <>
          <Summary study={value.study} refresh={refresh} />
          <Charts study={value.study} trials={value.trials} />
          <Card title="What matters">
            <ImportanceBars importances={value.importances} />
          </Card>
          <Card
            title="Leaderboard"
            actions={
              <>
                <FileDownload
                  label="All trials as CSV"
                  path={`/v1/studies/${id}/trials.csv`}
                  name={`${id}.csv`}
                  read={async () => new Blob([await api.trialsCsv(id)])}
                />
                <FileDownload
                  label="For TensorBoard"
                  path={`/v1/studies/${id}/tensorboard`}
                  name={`${id}.tar`}
                  read={() => api.studyEventFiles(id)}
                />
              </>
            }
          >
            {value.leaderboard.items.length === 0 ? (
              <p class="muted">
                {value.study.done
                  ? "No trial came to its end."
                  : "The first trial that comes to its end will stand here."}
              </p>
            ) : (
              <Standings leaderboard={value.leaderboard} succeeded={value.study.counts.succeeded} />
            )}
            <Faults trials={value.trials} />
            {value.leaderboard.notes.map(({ code, message }) => (
              <p key={code} class="notice plain">
                {message}
              </p>
            ))}
          </Card>
          <Card title="Specification">
            <details>
              <summary>The whole spec, defaults filled in</summary>
              <Scrolled label="The specification" kind="code">
                <pre>{JSON.stringify(value.study.spec, null, 2)}</pre>
              </Scrolled>
            </details>
          </Card>
        </>
      )}
    </>
  );
};
