import type { Schedule } from "../../domain/jobs/spec/optimizer-spec.ts";
import { cosTurns64, powInteger64 } from "../kernels/math64.ts";

/** Where a job is in its course. */
export interface Moment {
  /** Steps done: 0 in the first. */
  readonly step: number;
  /** Steps of all epochs. */
  readonly steps: number;
  readonly epoch: number;
}

/** What reduce_on_plateau remembers; the other schedules are functions of the moment alone. */
export interface PlateauState {
  readonly best: number;
  /** Epochs since the best. */
  readonly bad: number;
  /** The product of all reductions so far. */
  readonly factor: number;
}

export const initialPlateau: PlateauState = { best: Number.MAX_VALUE, bad: 0, factor: 1 };

/** from + (to − from)·(1 − cos πt)/2: from `from` at t = 0 to `to` at t = 1. */
const cosineBetween = (from: number, to: number, t: number): number =>
  from + ((to - from) * (1 - cosTurns64(t / 2))) / 2;

/** Cosine up to η over the first part of the steps, cosine down to η/finalDivisor after it (Smith 2018). */
const oneCycle = (s: Extract<Schedule, { type: "one_cycle" }>, eta: number, { step, steps }: Moment): number => {
  const top = Math.max(1, Math.round(s.warmFraction * steps) - 1);
  if (step <= top) return cosineBetween(eta / s.initialDivisor, eta, step / top);
  const last = Math.max(top + 1, steps - 1);
  return cosineBetween(eta, eta / s.finalDivisor, (step - top) / (last - top));
};

const shapes: {
  readonly [T in Schedule["type"]]: (
    s: Extract<Schedule, { type: T }>,
    eta: number,
    m: Moment,
    p: PlateauState,
  ) => number;
} = {
  constant: (_s, eta) => eta,
  step: (s, eta, { epoch }) => eta * powInteger64(s.factor, Math.floor(epoch / s.everyEpochs)),
  exponential: (s, eta, { epoch }) => eta * powInteger64(s.factor, epoch),
  cosine: (s, eta, { step, steps }) =>
    cosineBetween(
      eta,
      Math.min(s.minimum, eta),
      Math.min(1, Math.max(0, (step - s.warmupSteps) / Math.max(1, steps - s.warmupSteps))),
    ),
  one_cycle: oneCycle,
  reduce_on_plateau: (s, eta, _moment, { factor }) => Math.max(Math.min(s.minimum, eta), eta * factor),
};

/** Linear warm-up: the step's number over warmupSteps, from 1/warmupSteps on (Goyal et al. 2017). */
const warmup = (schedule: Schedule, step: number): number => {
  const steps = "warmupSteps" in schedule ? schedule.warmupSteps : 0;
  return step < steps ? (step + 1) / steps : 1;
};

/** The learning rate of one step: the same bits on every machine. */
export const learningRateAt = (
  schedule: Schedule,
  learningRate: number,
  moment: Moment,
  plateau: PlateauState,
): number => {
  const shape = shapes[schedule.type] as (s: Schedule, eta: number, m: Moment, p: PlateauState) => number;
  return shape(schedule, learningRate, moment, plateau) * warmup(schedule, moment.step);
};

/** Whether the rate stays the same within an epoch, so that it need not be computed for each step. */
export const changesWithinEpoch = (schedule: Schedule): boolean =>
  schedule.type === "cosine" || schedule.type === "one_cycle" || schedule.warmupSteps > 0;

/** The end of an epoch with this monitored loss: multiplies the rate when it has not fallen for more than `patience` epochs. */
export const afterEpoch = (schedule: Schedule, plateau: PlateauState, loss: number): PlateauState => {
  if (schedule.type !== "reduce_on_plateau") return plateau;
  if (loss < plateau.best) return { ...plateau, best: loss, bad: 0 };
  if (plateau.bad < schedule.patience) return { ...plateau, bad: plateau.bad + 1 };
  return { ...plateau, bad: 0, factor: plateau.factor * schedule.factor };
};
