import type { StudyPlan, StudySpec } from "../../../client/types.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { api } from "../api.ts";
import { Fault } from "../form/field-parts.tsx";
import { NumberInput } from "../form/scalar-field.tsx";
import { asObject, type JsonObject, withKey } from "../form/schema.ts";
import { type ChoicesProps, SubmitForm } from "../form/submit-form.tsx";
import { firstTask, taskOf, WhatToLearn } from "../form/what-to-learn.tsx";
import { formatBytes, formatCount, formatSeconds } from "../format.ts";
import { Card, Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Scrolled } from "../scrolled.tsx";
import { Select } from "../select.tsx";

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

const Planned = ({ plan }: { plan: StudyPlan }) => (
  <>
    <p class="muted">
      {formatCount(plan.trials, "trial")} of up to {formatCount(plan.epochs, "epoch")} and{" "}
      {formatBytes(plan.memoryBytes)}, about {formatSeconds(plan.estimatedSeconds)} of computing.
    </p>
    <details>
      <summary>The space that is searched</summary>
      <Scrolled label="The space that is searched" kind="code">
        <pre>{JSON.stringify(plan.spec.space, null, 2)}</pre>
      </Scrolled>
    </details>
  </>
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

const Choices = ({ dataset, spec, onChange, faults }: ChoicesProps & { dataset: Dataset }) => {
  const job = asObject(spec.job);
  const measure = measureOf(spec);
  return (
    <>
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
          aria-invalid={faults.has("/trials")}
          onChange={(trials) => onChange(withKey(spec, "trials", trials))}
        />
        <Fault faults={faults} pointer="/trials" />
      </label>
      <Select
        title="Values are proposed"
        value={String(asObject(spec.sampler).type ?? "tpe") as (typeof samplers)[number][0]}
        options={samplers}
        onChange={(type) => onChange({ ...spec, sampler: { type } })}
      >
        <Fault faults={faults} pointer="/sampler" />
      </Select>
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
      >
        <Fault faults={faults} pointer="/pruner" />
      </Select>
    </>
  );
};

const Form = ({ dataset }: { dataset: Dataset }) => (
  <SubmitForm<StudySpec, StudyPlan>
    resource="studies"
    root="StudySpec"
    first={() => ({
      ...{ job: { dataset: dataset.id, task: firstTask(dataset) }, trials: 30 },
      ...{ sampler: { type: "tpe" }, pruner: { type: "none" } },
    })}
    choices={(props) => <Choices dataset={dataset} {...props} />}
    without={["trials"]}
    rest="space, objective, guesses, and the job of each trial"
    plan={api.planStudy}
    planned={(plan) => <Planned plan={plan} />}
    start="Start the study"
    submit={api.submitStudy}
    docs={{ path: "docs/studies", title: "studies" }}
  />
);

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
              <a href={`#/datasets/${value.id}`}>{value.name}</a>: {formatCount(value.rows, "row")},{" "}
              {formatCount(value.columns.length, "column")}.
            </p>
            <Form key={value.id} dataset={value} />
          </>
        )}
      </Card>
    </>
  );
};
