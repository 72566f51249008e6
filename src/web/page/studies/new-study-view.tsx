import { useMemo, useState } from "preact/hooks";
import { guessLabel, guessTask } from "../../../client/guess-task.ts";
import type { StudyPlan, StudySpec } from "../../../client/types.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { api, newKey } from "../api.ts";
import { formatBytes, formatNumber, formatSeconds } from "../format.ts";
import { Card, Failure, Problem, useAction } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { usePlan } from "../use-plan.ts";

type Task = "classification" | "regression";
const samplers = [
  ["tpe", "learns from the trials so far (TPE)"],
  ["sobol", "evenly spread (Sobol)"],
  ["random", "at random"],
] as const;
const pruners = {
  rows: [
    ["none", "none: every trial runs to its end"],
    ["asha", "successive halving"],
    ["median", "worse than the median"],
  ],
  several: [
    ["none", "none: every trial runs to its end"],
    ["racing", "surely worse than the best (racing)"],
  ],
} as const;
type Pruner = (typeof pruners)[keyof typeof pruners][number][0];
const measures = [
  ["rows", "validation rows"],
  ["folds", "five folds, each held out once"],
  ["seeds", "validation rows, with three seeds"],
] as const;

const PlanLines = ({ plan }: { plan: StudyPlan | null }) => (
  <div aria-live="polite">
    {plan !== null && (
      <>
        <p class="muted">
          {formatNumber(plan.trials)} trials of up to {formatNumber(plan.epochs)} epochs and{" "}
          {formatBytes(plan.memoryBytes)}, about {formatSeconds(plan.estimatedSeconds)} of computing.
        </p>
        {plan.warnings.map((warning) => (
          <p key={warning} class="notice plain">
            {warning}
          </p>
        ))}
        <details>
          <summary>The space that is searched</summary>
          <pre>{JSON.stringify(plan.spec.space, null, 2)}</pre>
        </details>
      </>
    )}
  </div>
);

const Select = <T extends string>({
  title,
  value,
  options,
  onChange,
}: {
  title: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) => (
  <label>
    {title}
    <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

const Form = ({ dataset }: { dataset: Dataset }) => {
  const [label, setLabel] = useState(guessLabel(dataset.columns));
  const [chosenTask, setChosenTask] = useState<Task | null>(null);
  const [trials, setTrials] = useState(30);
  const [sampler, setSampler] = useState<(typeof samplers)[number][0]>("tpe");
  const [pruner, setPruner] = useState<Pruner>("none");
  const [measure, setMeasure] = useState<(typeof measures)[number][0]>("rows");
  const column = dataset.columns.find((candidate) => candidate.name === label);
  const task: Task = chosenTask ?? (column === undefined ? "classification" : guessTask(column));
  const spec: StudySpec = {
    job: {
      dataset: dataset.id,
      task: { type: task, label },
      ...(measure === "folds" ? { training: { crossValidation: {} } } : {}),
    },
    ...(measure === "seeds" ? { seeds: 3 } : {}),
    ...{ trials, sampler: { type: sampler }, pruner: { type: pruner } },
  };
  const body = JSON.stringify(spec);
  // One key per spec: a second click on the same form gives the same study.
  const idempotencyKey = useMemo(newKey, [body]);
  const { plan, error: planError } = usePlan(spec, api.planStudy);
  const { busy, error, run } = useAction();
  const submit = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      const study = await api.submitStudy(spec, idempotencyKey);
      location.hash = `#/studies/${study.id}`;
    });
  };
  return (
    <form onSubmit={submit}>
      <div class="fields">
        <Select
          title="Predict the column"
          value={label}
          options={dataset.columns.map(({ name, type }) => [name, `${name} (${type})`] as const)}
          onChange={(name) => {
            setLabel(name);
            setChosenTask(null);
          }}
        />
        <Select
          title="As"
          value={task}
          options={[
            ["classification", "classification (one of several labels)"],
            ["regression", "regression (a number)"],
          ]}
          onChange={setChosenTask}
        />
        <label>
          Trials
          <input
            type="number"
            min={1}
            max={1000}
            required
            value={trials}
            onInput={(event) => setTrials(Number(event.currentTarget.value) || 1)}
          />
        </label>
        <Select title="Values are proposed" value={sampler} options={samplers} onChange={setSampler} />
        <Select
          title="Trials are measured on"
          value={measure}
          options={measures}
          onChange={(chosen) => {
            setMeasure(chosen);
            setPruner("none");
          }}
        />
        <Select<Pruner>
          title="Trials are stopped early"
          value={pruner}
          options={measure === "rows" ? pruners.rows : pruners.several}
          onChange={setPruner}
        />
      </div>
      <PlanLines plan={plan} />
      <Problem error={error ?? planError} />
      <button type="submit" class="primary" disabled={busy || planError !== null}>
        {busy ? "Starting…" : "Start the study"}
      </button>
      <p class="muted small">
        The space, the objective and everything else take the service's defaults. <a href="/docs/studies">Studies</a>{" "}
        says what else there is.
      </p>
    </form>
  );
};

/** From a data set to a running study. */
export const NewStudyView = ({ dataset }: { dataset: string }) => {
  const { value, failure, refresh } = usePoll(
    dataset,
    (signal) => api.dataset(dataset, signal),
    () => null,
  );
  return (
    <>
      <a class="back" href={`#/datasets/${dataset}`}>
        ← Data set
      </a>
      <Failure failure={failure} retry={refresh} />
      <Card title="New study" main>
        {value === null && failure === null && <p class="muted">Loading…</p>}
        {value !== null && (
          <>
            <p>
              <a href={`#/datasets/${value.id}`}>{value.name}</a>: {formatNumber(value.rows)} rows,{" "}
              {value.columns.length} columns.
            </p>
            <Form key={value.id} dataset={value} />
          </>
        )}
      </Card>
    </>
  );
};
