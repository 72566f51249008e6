import { createSpecErrors } from "../../../domain/jobs/spec/spec-errors.ts";
import { resultsOf } from "../../../domain/studies/objective-metric.ts";
import type { Study, Trial } from "../../../domain/studies/study.ts";
import type { Dimension, Point } from "../../../search/dimension.ts";
import { gridSize } from "../../../search/grid.ts";
import type { Outcome } from "../../../search/outcome.ts";
import { propose } from "../../../search/propose.ts";
import { readSpace } from "../../../search/read-space.ts";
import { bracketOf, nextPromotion, rungsOf } from "../../../search/stopping/rungs.ts";
import { afterManyEpochs, atHighestLevel } from "../../../search/stopping/seen-under-halving.ts";
import { fromValues, toValues } from "../../../search/values.ts";
import type { Deps } from "../../deps.ts";
import { firstRun } from "./runs.ts";
import { coursesOf, earlierOutcomes, outcomesOf, seenNow, signOf } from "./seen.ts";

export const dimensionsOf = ({ spec }: Pick<Study, "spec">): Dimension[] => readSpace(spec.space, createSpecErrors());

/** How many trials the study has at most: a grid ends with its points. */
export const budgetOf = ({ spec }: Pick<Study, "spec">, dimensions: readonly Dimension[]): number =>
  spec.sampler.type === "grid"
    ? Math.min(spec.trials, gridSize(dimensions, spec.sampler.points) + spec.guesses.length)
    : spec.trials;

/** The epoch of the next rung in a bracket after these epochs, under racing the fold or seed; null: its end. */
const nextRung = ({ spec, epochs }: Pick<Study, "spec" | "epochs">, bracket: number, after: number): number | null =>
  rungsOf(spec.pruner, spec.pruner.type === "racing" ? resultsOf(spec) : epochs, bracket).find((at) => at > after) ??
  null;

/** Where a trial's job pauses next; one of several trainings runs to its end. */
export const nextPause = (study: Study, { bracket, runs }: Pick<Trial, "bracket" | "runs">, after: number) =>
  runs === undefined ? nextRung(study, bracket, after) : null;

/** The trial that goes on from where it waits, if one may. */
export const promoted = (study: Study, trials: readonly Trial[]): Trial | null => {
  const { spec, epochs } = study;
  const courses = coursesOf(trials, signOf(spec.objective.direction));
  const next = nextPromotion(spec.pruner, courses, epochs);
  const trial = trials.find(({ number }) => number === next?.number);
  if (trial === undefined) return null;
  return { ...trial, state: "running", pauseAtEpoch: nextRung(study, trial.bracket, trial.epochs) };
};

/** A grid's points are those of the trials that are no guesses, in their order. */
const positionOf = ({ spec }: Study, trials: readonly Trial[]): number =>
  spec.sampler.type === "grid" ? trials.filter(({ guess }) => !guess).length : trials.length;

/** The rule by which the proposals of new studies follow from what they saw. */
export const proposalRule = 2;

const underHalving = ({ spec: { pruner }, epochs, rule = 1 }: Study, outcomes: Outcome[]): Outcome[] => {
  if (pruner.type !== "asha") return outcomes;
  return rule === 1 ? atHighestLevel(outcomes) : afterManyEpochs(outcomes, { epochs, reduction: pruner.reduction });
};

/** What a sampler proposes, from a record of what it saw. */
export const proposedPoint = (
  study: Study,
  dimensions: readonly Dimension[],
  trials: readonly Trial[],
  trial: Pick<Trial, "number" | "seen">,
): Point => {
  const { sampler, seed, objective } = study.spec;
  const sign = signOf(objective.direction);
  const all = [...earlierOutcomes(study, sign), ...outcomesOf(trial.seen, trials, sign)];
  const outcomes = underHalving(study, all);
  const before = trials.filter((other) => other.number < trial.number);
  // Random draws go by the number: those of earlier studies with the same seed are not made again.
  const drawn = Math.max(0, ...(study.earlier ?? []).map((earlier) => earlier.trial + 1));
  const number = drawn + positionOf(study, before);
  return propose(sampler, dimensions, { seed, number, outcomes });
};

/** The next trial: a guess that waits, or what the sampler proposes. Its record names all that it follows from. */
export const nextTrial = (
  deps: Pick<Deps, "now" | "createId">,
  study: Study,
  dimensions: readonly Dimension[],
  trials: readonly Trial[],
): { trial: Trial; guesses: Study["guesses"] } => {
  const number = trials.length;
  const [guess, ...guesses] = study.guesses;
  const seen = seenNow(trials);
  const guessed = guess === undefined ? null : fromValues(study.spec.space, dimensions, guess);
  const known = guessed !== null && "point" in guessed ? guessed.point : null;
  const point = known ?? proposedPoint(study, dimensions, trials, { number, seen });
  const bracket = bracketOf(study.spec.pruner, study.spec.seed, number);
  const job = deps.createId("job");
  const runs = firstRun(study, job);
  const trial: Trial = {
    ...{ number, job, state: "running", values: toValues(study.spec.space, point), point },
    ...{ guess: known !== null, objective: null, epochs: 0, rung: 0, reached: [], seen, submitted: false, error: null },
    ...{ bracket, pauseAtEpoch: nextPause(study, { ...runs, bracket }, 0), ...runs },
    ...{ createdAt: deps.now().toISOString(), startedAt: null, endedAt: null, model: null },
  };
  return { trial, guesses: guess === undefined ? study.guesses : guesses };
};
