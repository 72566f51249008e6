import type { JobPlan } from "../../../client/types.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../domain/jobs/spec/job-spec.ts";
import { api } from "../api.ts";
import { formatBytes, formatNumber, formatSeconds } from "../format.ts";
import { Select } from "../select.tsx";
import { Fault } from "./field-parts.tsx";
import { withKey } from "./schema.ts";
import { type ChoicesProps, SubmitForm } from "./submit-form.tsx";
import { firstTask, taskOf, WhatToLearn } from "./what-to-learn.tsx";

const efforts = [
  ["quick", "quick: one small network"],
  ["good", "good: several networks, fitted to all rows; best for most tables"],
  ["best", "best: more of them, up to ten times the work"],
] as const;

/** The choices that most jobs need; the rest of the specification is below them. */
const Choices = ({ dataset, spec, onChange, faults }: ChoicesProps & { dataset: Dataset }) => (
  <>
    <WhatToLearn dataset={dataset} task={taskOf(spec)} onChange={(task) => onChange({ ...spec, task })} />
    <Select
      title="Effort"
      value={String(spec.effort ?? "quick")}
      options={efforts}
      onChange={(value) => onChange(withKey(spec, "effort", value === "quick" ? undefined : value))}
    >
      <Fault faults={faults} pointer="/effort" />
    </Select>
    <label>
      Name of the job
      <input
        maxLength={200}
        value={String(spec.name ?? "")}
        aria-invalid={faults.has("/name")}
        onInput={({ currentTarget: { value } }) => onChange(withKey(spec, "name", value === "" ? undefined : value))}
      />
      <Fault faults={faults} pointer="/name" />
    </label>
  </>
);

/** From a data set to a job: the whole specification, what it would cost, and the code that sends it. */
export const JobForm = ({ dataset }: { dataset: Dataset }) => (
  <SubmitForm<JobSpecInput, JobPlan>
    resource="jobs"
    root="JobSpec"
    first={() => ({ name: dataset.name, dataset: dataset.id, task: firstTask(dataset) })}
    choices={(props) => <Choices dataset={dataset} {...props} />}
    without={["name", "dataset", "effort"]}
    rest="model, optimiser, training, resources, labels"
    plan={api.plan}
    planned={(plan) => (
      <p class="muted">
        {formatNumber(plan.parameters)} parameters, {formatBytes(plan.memoryBytes)}, up to {formatNumber(plan.steps)}{" "}
        steps, about {formatSeconds(plan.estimatedSeconds)} of computing.
      </p>
    )}
    start="Start training"
    submit={api.submit}
    docs={{ path: "docs/specification", title: "the specification" }}
  />
);
