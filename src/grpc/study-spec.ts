import { StudySpec } from "../domain/studies/study-spec.ts";
import type { JobSpec, WebhookSpec } from "./generated/descent/v1/job_spec.ts";
import type * as wire from "./generated/descent/v1/study_spec.ts";
import { fromJobSpec, fromWebhook, inBothForms, toJobSpec } from "./job-spec.ts";
import { fromWire } from "./typed/convert.ts";
import { createShapes } from "./typed/read-shapes.ts";

const shapes = createShapes({
  foreign: [
    {
      ...{ kind: "foreign", name: "JobSpec" },
      fromWire: (message) => fromJobSpec(message as JobSpec),
      toWire: (value) => toJobSpec(value as Parameters<typeof toJobSpec>[0]),
    },
    {
      ...{ kind: "foreign", name: "WebhookSpec" },
      fromWire: (message) => fromWebhook(message as WebhookSpec),
      toWire: (value) => value,
    },
  ],
});

export const studySpecShape = shapes.of(StudySpec, "StudySpec");

/** Every message of its own that it needs: those inside before those around them. */
export const studySpecMessages = shapes.all();

/** The JSON body that this message stands for; unchecked, as a body is. */
export const fromStudySpec = (message: wire.StudySpec | undefined): unknown =>
  message === undefined ? undefined : fromWire(studySpecShape, message, "");

export const toStudySpec = (spec: object): wire.StudySpec => inBothForms<wire.StudySpec>(studySpecShape, spec);
