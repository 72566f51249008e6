import type { TargetedSubmitEvent } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { StudyPlan, StudySpec } from "../../../client/types.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { api, newKey } from "../api.ts";
import { CodePanel } from "../form/code-panel.tsx";
import { faultsOf, showUnread } from "../form/faults.ts";
import { NumberInput } from "../form/scalar-field.tsx";
import { asObject, type JsonObject, withKey } from "../form/schema.ts";
import { SpecForm } from "../form/spec-form.tsx";
import { usePlan } from "../form/use-plan.ts";
import { firstTask, taskOf, WhatToLearn } from "../form/what-to-learn.tsx";
import { formatBytes, formatNumber, formatSeconds } from "../format.ts";
import { here } from "../here.ts";
import { Card, Failure, Problem, useAction } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Scrolled } from "../scrolled.tsx";

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
          <Scrolled label="The space that is searched" kind="code">
            <pre>{JSON.stringify(plan.spec.space, null, 2)}</pre>
          </Scrolled>
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

type Measure = (typeof measures)[number][0];

const measureOf = (spec: JsonObject): Measure => {
  if (asObject(asObject(spec.job).training).crossValidation !== undefined) return "folds";
  return spec.seeds === undefined ? "rows" : "seeds";
};

/** What the trials are measured on; a pruner of another kind of measure is taken back. */
const withMeasure = (spec: JsonObject, measure: Measure): JsonObject => {
  const job = asObject(spec.job);
  const training = withKey(asObject(job.training), "crossValidation", measure === "folds" ? {} : undefined);
  return {
    ...withKey(withKey(spec, "seeds", measure === "seeds" ? 3 : undefined), "pruner", { type: "none" }),
    job: withKey(job, "training", Object.keys(training).length === 0 ? undefined : training),
  };
};

const Choices = ({
  dataset,
  spec,
  onChange,
}: {
  dataset: Dataset;
  spec: JsonObject;
  onChange: (spec: JsonObject) => void;
}) => {
  const job = asObject(spec.job);
  const measure = measureOf(spec);
  return (
    <div class="fields">
      <WhatToLearn
        dataset={dataset}
        task={taskOf(job)}
        onChange={(task) => onChange({ ...spec, job: { ...job, task } })}
      />
      <label for="study-trials">
        Trials
        <NumberInput
          id="study-trials"
          min={1}
          max={1000}
          value={spec.trials}
          onChange={(trials) => onChange(withKey(spec, "trials", trials))}
        />
      </label>
      <Select
        title="Values are proposed"
        value={String(asObject(spec.sampler).type ?? "tpe") as (typeof samplers)[number][0]}
        options={samplers}
        onChange={(type) => onChange({ ...spec, sampler: { type } })}
      />
      <Select
        title="Trials are measured on"
        value={measure}
        options={measures}
        onChange={(chosen) => onChange(withMeasure(spec, chosen))}
      />
      <Select<Pruner>
        title="Trials are stopped early"
        value={String(asObject(spec.pruner).type ?? "none") as Pruner}
        options={measure === "rows" ? pruners.rows : pruners.several}
        onChange={(type) => onChange({ ...spec, pruner: { type } })}
      />
    </div>
  );
};

const Form = ({ dataset }: { dataset: Dataset }) => {
  const [spec, setSpec] = useState<JsonObject>(() => ({
    ...{ job: { dataset: dataset.id, task: firstTask(dataset) }, trials: 30 },
    ...{ sampler: { type: "tpe" }, pruner: { type: "none" } },
  }));
  const body = JSON.stringify(spec);
  // One key per spec: a second click on the same form gives the same study.
  const idempotencyKey = useMemo(newKey, [body]);
  // What the service refuses is told by it: the form holds what is typed, also while it is not right.
  const asked = spec as unknown as StudySpec;
  const { plan, error: planError } = usePlan<StudySpec, StudyPlan>(asked, api.planStudy);
  const { busy, error, run } = useAction();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (showUnread(event.currentTarget)) return;
    run(async () => {
      const study = await api.submitStudy(asked, idempotencyKey);
      location.hash = `#/studies/${study.id}`;
    });
  };
  return (
    <form noValidate onSubmit={submit}>
      <Choices dataset={dataset} spec={spec} onChange={setSpec} />
      <details class="whole-spec">
        <summary>Everything else: space, objective, guesses, and the job of each trial…</summary>
        <SpecForm
          root="StudySpec"
          spec={spec}
          onChange={setSpec}
          chosen={asObject((plan?.spec ?? {}) as unknown as JsonObject)}
          faults={faultsOf(error ?? planError)}
          without={["trials"]}
        />
      </details>
      <PlanLines plan={plan} />
      <Problem error={error ?? planError} />
      <button type="submit" class="primary" disabled={busy || planError !== null}>
        {busy ? "Starting…" : "Start the study"}
      </button>
      <h2>The same as code</h2>
      <CodePanel resource="studies" spec={spec} />
      <p class="muted small">
        What is left out takes the service's defaults; <a href={here("docs/studies")}>studies</a> says which.
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
