import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { DescentError } from "../../../client/errors.ts";
import { newKey } from "../api.ts";
import { here } from "../here.ts";
import { Problem, useAction } from "../parts.tsx";
import { CodePanel } from "./code-panel.tsx";
import { asObject, type JsonObject } from "./schema.ts";
import { SpecForm } from "./spec-form.tsx";
import { usePlan } from "./use-plan.ts";

export interface ChoicesProps {
  spec: JsonObject;
  onChange: (spec: JsonObject) => void;
  /** By pointer. */
  faults: ReadonlyMap<string, string>;
}

interface Wanted<Spec, Plan> {
  resource: "jobs" | "studies";
  /** Of the contract: `JobSpec` or `StudySpec`. */
  root: string;
  first: () => JsonObject;
  /** What most need is asked for above the rest. */
  choices: (props: ChoicesProps) => ComponentChildren;
  /** Members that the choices ask for. */
  without: readonly string[];
  /** What the rest is, in words. */
  rest: string;
  plan: (spec: Spec) => Promise<Plan>;
  planned: (plan: Plan) => ComponentChildren;
  start: string;
  submit: (spec: Spec, idempotencyKey: string) => Promise<{ id: string }>;
  docs: { path: string; title: string };
}

/** What the service says is wrong, by pointer. */
const faultsOf = (error: DescentError | null): ReadonlyMap<string, string> =>
  new Map((error?.errors ?? []).map(({ pointer, detail }) => [pointer, detail]));

/** Whether a field holds what cannot be read, which the specification is then without: it is shown. */
const showUnread = (form: HTMLFormElement): boolean => {
  const fields = [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")];
  const unread = fields.find(({ validity }) => validity.badInput || validity.customError);
  if (unread === undefined) return false;
  for (let part = unread.closest("details"); part !== null; part = part.parentElement?.closest("details") ?? null)
    part.open = true;
  unread.reportValidity();
  return true;
};

/** A form of a whole specification: what most need, everything else, what it would cost, and the code that sends it. */
export const SubmitForm = <Spec, Plan extends { spec: object; warnings: readonly string[] }>(
  wanted: Wanted<Spec, Plan>,
) => {
  const [spec, setSpec] = useState<JsonObject>(wanted.first);
  const body = JSON.stringify(spec);
  // One key per spec: a second click on the same form gives the same job or study.
  const idempotencyKey = useMemo(newKey, [body]);
  // What the service refuses is told by it: the form holds what is typed, also while it is not right.
  const asked = spec as unknown as Spec;
  const { plan, error: planError } = usePlan<Spec, Plan>(asked, wanted.plan);
  const { busy, error, run } = useAction();
  const faults = faultsOf(error ?? planError);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (showUnread(event.currentTarget)) return;
    run(async () => {
      const { id } = await wanted.submit(asked, idempotencyKey);
      location.hash = `#/${wanted.resource}/${id}`;
    });
  };
  return (
    // The service says what is missing, and where: a browser would stop at fields that are folded up, without a word.
    <form noValidate onSubmit={submit}>
      <div class="fields">{wanted.choices({ spec, onChange: setSpec, faults })}</div>
      <details class="whole-spec">
        <summary>Everything else: {wanted.rest}…</summary>
        <SpecForm
          root={wanted.root}
          spec={spec}
          onChange={setSpec}
          chosen={asObject((plan?.spec ?? {}) as unknown as JsonObject)}
          faults={faults}
          without={wanted.without}
        />
      </details>
      <div aria-live="polite">
        {plan !== null && (
          <>
            {wanted.planned(plan)}
            {plan.warnings.map((warning) => (
              <p key={warning} class="notice plain">
                {warning}
              </p>
            ))}
          </>
        )}
      </div>
      <Problem error={error ?? planError} />
      <button type="submit" class="primary" disabled={busy || planError !== null}>
        {busy ? "Starting…" : wanted.start}
      </button>
      <h2>The same as code</h2>
      <CodePanel resource={wanted.resource} spec={spec} />
      <p class="muted small">
        What is left out takes the service's defaults; <a href={here(wanted.docs.path)}>{wanted.docs.title}</a> says
        which.
      </p>
    </form>
  );
};
