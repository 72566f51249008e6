import { invalidAt, ServiceError } from "../../../domain/errors.ts";
import { isObject } from "../../../domain/is-object.ts";
import type { Plan } from "../../../domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { createSpecErrors, toFieldError } from "../../../domain/jobs/spec/spec-errors.ts";
import { limits } from "../../../domain/limits.ts";
import { toPointerSegment } from "../../../domain/pointer.ts";
import { jobWithValues, resolveStudy } from "../../../domain/studies/resolve-study.ts";
import type { EarlierTrial } from "../../../domain/studies/study.ts";
import { type ResolvedStudySpec, StudySpec } from "../../../domain/studies/study-spec.ts";
import { cornersOf } from "../../../search/corners.ts";
import type { Dimension, Point } from "../../../search/dimension.ts";
import { gridSize } from "../../../search/grid.ts";
import { readSpace } from "../../../search/read-space.ts";
import { toValues } from "../../../search/values.ts";
import type { Caller } from "../../admission/caller.ts";
import { parse } from "../../admission/parse.ts";
import type { Deps } from "../../deps.ts";
import { requireWebhookAllowed } from "../../jobs/planning/check-webhook.ts";
import { type PlannedJob, planJob } from "../../jobs/planning/plan-job.ts";
import { readGuess } from "../course/read-guess.ts";
import { readEarlierTrials } from "./earlier-trials.ts";
import { studyWarnings } from "./study-warnings.ts";

export interface PlannedStudy {
  spec: ResolvedStudySpec;
  dimensions: Dimension[];
  /** Epochs of a trial that is not stopped. */
  epochs: number;
  /** Of the corners of the space. */
  plans: Plan[];
  /** Of the studies that `warmStart` names. */
  earlier: EarlierTrial[];
  /** In what those differ from this one, and what else is not what it seems. */
  warnings: string[];
}

/** A fault of a job, at the place of the study that it comes from. */
const placed = (
  error: ServiceError,
  space: ResolvedStudySpec["space"],
  values: Record<string, unknown>,
): ServiceError => {
  const errors = error.errors.map(({ pointer, detail }) => {
    const from = Object.keys(space).find(
      (each) => pointer === each || pointer.startsWith(`${each}/`) || each.startsWith(`${pointer}/`),
    );
    if (from === undefined) return toFieldError(`/job${pointer}`, detail);
    return toFieldError(`/space/${toPointerSegment(from)}`, `at ${JSON.stringify(values[from])}: ${detail}`);
  });
  const [first] = errors;
  return new ServiceError(error.code, first === undefined ? error.message : `${first.pointer}: ${first.detail}`, {
    errors,
    cause: error,
  });
};

const checkGuesses = (spec: ResolvedStudySpec, dimensions: readonly Dimension[]): Point[] => {
  const errors = createSpecErrors();
  const points = spec.guesses.flatMap((guess, i) => {
    const point = readGuess(spec.space, dimensions, guess, `/guesses/${i}`, errors);
    return point === null ? [] : [point];
  });
  errors.throwIfAny("invalid");
  return points;
};

const checkGrid = ({ sampler }: ResolvedStudySpec, dimensions: readonly Dimension[]): void => {
  if (sampler.type !== "grid") return;
  const size = gridSize(dimensions, sampler.points);
  if (size <= limits.gridPoints) return;
  const detail = `makes a grid of ${size} points; at most ${limits.gridPoints} are allowed: take fewer, or another sampler`;
  throw invalidAt("/sampler/points", detail);
};

/** The template as it is sent and as it will be run: faults of the job are told beneath `/job`. */
const resolved = async (
  deps: Deps,
  caller: Caller,
  body: unknown,
): Promise<{
  spec: ResolvedStudySpec;
  template: ResolvedJobSpec;
  dimensions: Dimension[];
  known: PlannedJob;
  asked: { job: unknown; hasSpace: boolean };
}> => {
  const asked = parse(StudySpec, body);
  const sent = isObject(body) ? body.job : {};
  const known = await planJob(deps, caller, sent).catch((error: unknown) => {
    throw error instanceof ServiceError ? placed(error, {}, {}) : error;
  });
  const { dataset, base } = known;
  const errors = createSpecErrors();
  const { spec, template } = resolveStudy(
    asked,
    base === null ? sent : withBase(sent, base.id),
    { dataset, base },
    errors,
  );
  const dimensions = readSpace(spec.space, errors);
  errors.throwIfAny("invalid");
  return { spec, template, dimensions, known, asked: { job: sent, hasSpace: asked.space !== undefined } };
};

/** An alias may move while the study runs: its record names the model it meant. */
const withBase = (sent: unknown, model: string): unknown =>
  isObject(sent) && isObject(sent.base) ? { ...sent, base: { ...sent.base, model } } : sent;

/**
 * The way of every study, submitted or only validated: strict parse, references, defaults; and every corner of the space is planned as a job, so that no
 * trial is refused later.
 */
export const planStudy = async (deps: Deps, caller: Caller, body: unknown): Promise<PlannedStudy> => {
  const { spec, template, dimensions, known, asked } = await resolved(deps, caller, body);
  const guesses = checkGuesses(spec, dimensions);
  checkGrid(spec, dimensions);
  requireWebhookAllowed(deps, spec);
  const { earlier, warnings } = await readEarlierTrials(deps, caller, spec, dimensions);
  warnings.push(...studyWarnings(spec, dimensions, asked));
  const plans: Plan[] = [];
  let epochs = template.training.epochs;
  const points = [...cornersOf(dimensions), ...guesses];
  for (const point of points) {
    const values = toValues(spec.space, point);
    const job = jobWithValues(spec, template, values, { study: "std", number: 0 });
    try {
      const planned = await planJob(deps, caller, job, known);
      plans.push(planned.plan);
      epochs = Math.max(spec.pruner.type === "none" ? epochs : 0, planned.spec.training.epochs);
    } catch (error) {
      throw error instanceof ServiceError ? placed(error, spec.space, values) : error;
    }
  }
  return { spec, dimensions, epochs, plans, earlier, warnings };
};
