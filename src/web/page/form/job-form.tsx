import type { TargetedSubmitEvent } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { JobPlan } from "../../../client/types.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import type { JobSpecInput } from "../../../domain/jobs/spec/job-spec.ts";
import { api, newKey } from "../api.ts";
import { formatBytes, formatNumber, formatSeconds } from "../format.ts";
import { here } from "../here.ts";
import { Problem, useAction } from "../parts.tsx";
import { CodePanel } from "./code-panel.tsx";
import { faultsOf, showUnread } from "./faults.ts";
import { asObject, type JsonObject, withKey } from "./schema.ts";
import { SpecForm } from "./spec-form.tsx";
import { usePlan } from "./use-plan.ts";
import { firstTask, taskOf, WhatToLearn } from "./what-to-learn.tsx";

/** What the job would be, asked of the service each time the choice changes. */
const PlanLine = ({ plan }: { plan: JobPlan | null }) => (
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

const efforts = [
  ["quick", "quick: one small network"],
  ["good", "good: several networks, fitted to all rows; best for most tables"],
  ["best", "best: more of them, up to ten times the work"],
] as const;

/** The choices that most jobs need; the rest of the specification is below them. */
const Choices = ({
  dataset,
  spec,
  onChange,
}: {
  dataset: Dataset;
  spec: JsonObject;
  onChange: (spec: JsonObject) => void;
}) => (
  <div class="fields">
    <WhatToLearn dataset={dataset} task={taskOf(spec)} onChange={(task) => onChange({ ...spec, task })} />
    <label>
      Effort
      <select
        value={String(spec.effort ?? "quick")}
        onChange={({ currentTarget: { value } }) =>
          onChange(withKey(spec, "effort", value === "quick" ? undefined : value))
        }
      >
        {efforts.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
    <label>
      Name of the job
      <input
        maxLength={200}
        value={String(spec.name ?? "")}
        onInput={({ currentTarget: { value } }) => onChange(withKey(spec, "name", value === "" ? undefined : value))}
      />
    </label>
  </div>
);

/** From a data set to a job: the whole specification, what it would cost, and the code that sends it. */
export const JobForm = ({ dataset }: { dataset: Dataset }) => {
  const [spec, setSpec] = useState<JsonObject>(() => ({
    ...{ name: dataset.name, dataset: dataset.id, task: firstTask(dataset) },
  }));
  const body = JSON.stringify(spec);
  // One key per spec: a second click on the same form gives the same job.
  const idempotencyKey = useMemo(newKey, [body]);
  // What the service refuses is told by it: the form holds what is typed, also while it is not right.
  const asked = spec as unknown as JobSpecInput;
  const { plan, error: planError } = usePlan<JobSpecInput, JobPlan>(asked, api.plan);
  const { busy, error, run } = useAction();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (showUnread(event.currentTarget)) return;
    run(async () => {
      const job = await api.submit(asked, idempotencyKey);
      location.hash = `#/jobs/${job.id}`;
    });
  };
  return (
    // The service says what is missing, and where: a browser would stop at fields that are folded up, without a word.
    <form noValidate onSubmit={submit}>
      <Choices dataset={dataset} spec={spec} onChange={setSpec} />
      <details class="whole-spec">
        <summary>Everything else: model, optimiser, training, resources, labels…</summary>
        <SpecForm
          root="JobSpec"
          spec={spec}
          onChange={setSpec}
          chosen={asObject((plan?.spec ?? {}) as unknown as JsonObject)}
          faults={faultsOf(error ?? planError)}
          without={["name", "dataset", "effort"]}
        />
      </details>
      <PlanLine plan={plan} />
      <Problem error={error ?? planError} />
      <button type="submit" class="primary" disabled={busy || planError !== null}>
        {busy ? "Starting…" : "Start training"}
      </button>
      <h2>The same as code</h2>
      <CodePanel resource="jobs" spec={spec} />
      <p class="muted small">
        What is left out takes the service's defaults; <a href={here("docs/specification")}>the specification</a> says
        which.
      </p>
    </form>
  );
};
