import type { Metrics } from "../../../domain/jobs/job.ts";
import { afterEpoch, initialPlateau } from "../../optim/schedule.ts";
import type { Team } from "../../parallel/team.ts";
import { epochsPerPoint, stepsPerPoint } from "../planning/program-runs.ts";
import {
  controls,
  type FitOptions,
  splits,
  type TrainingMeta,
  type TrainingPlan,
  type TrainingState,
} from "../planning/training.ts";
import { createLayerDescriber, type LayerDescriber } from "./describe-layers.ts";
import { divergedError } from "./diverged.ts";
import { monitored, nextBest, shouldStop } from "./early-stopping.ts";
import { createEvaluator, type Evaluation, type Evaluator, namedMetrics } from "./evaluate.ts";
import { floatsOf } from "./memory.ts";
import { firstTrial } from "./penalty-trials.ts";
import { createRowRunner, type RowRunner } from "./row-runner.ts";
import { captureState } from "./state.ts";
import { createStepper, type Round, type Stepper, trainingRound } from "./stepper.ts";
import { chooseShares, measureShares, setShares, sharedEnsemble, shareMetrics } from "./trials/shares.ts";
import { askValidation, chooseTemperature, heatLogits, measureHeat } from "./trials/temperature.ts";
import { initialWatch, watchEpoch } from "./watch.ts";

const freshMeta: TrainingMeta = {
  version: 1,
  epoch: 0,
  batch: 0,
  step: 0,
  lossSum: 0,
  rowsSeen: 0,
  plateau: initialPlateau,
  best: null,
  watch: initialWatch,
  metrics: {},
  computedMs: 0,
};

/** What one run of fit() holds on to; `meta` is all of it that changes and goes into a checkpoint. */
export interface Run {
  readonly plan: TrainingPlan;
  readonly memory: WebAssembly.Memory;
  readonly runner: RowRunner;
  readonly options: FitOptions;
  readonly stepper: Stepper;
  readonly evaluate: Evaluator;
  readonly describe: LayerDescriber;
  readonly meta: { -readonly [K in keyof TrainingMeta]: TrainingMeta[K] };
  /** A trial of the search, or the training of the model: follows `meta`. */
  round: Round;
  /** When the milliseconds began that `meta.computedMs` does not count yet. */
  startedMs: number;
}

export const createRun = (plan: TrainingPlan, memory: WebAssembly.Memory, team: Team, options: FitOptions): Run => {
  const runner = createRowRunner(plan, memory, team, options.nowMs);
  const search = plan.search && { search: firstTrial(plan.search) };
  return {
    plan,
    memory,
    runner,
    options,
    stepper: createStepper(plan, memory, team, runner, options.feed),
    evaluate: createEvaluator(plan, memory, runner),
    describe: createLayerDescriber(plan, memory, runner),
    meta: { ...(options.resume?.meta ?? { ...freshMeta, ...search }) },
    round: trainingRound(plan, null),
    startedMs: options.nowMs(),
  };
};

const computedMs = ({ meta, options, startedMs }: Run): number => meta.computedMs + options.nowMs() - startedMs;

/** A checkpoint of this moment. */
export const capture = (run: Run): TrainingState => {
  run.meta.computedMs = computedMs(run);
  run.startedMs = run.options.nowMs();
  return captureState(run.plan, run.memory, { ...run.meta });
};

/** Puts a point into the metrics history. */
const reportPoint = (run: Run, trainLoss: number, metrics: Metrics) => {
  const { meta, options, stepper } = run;
  const described = run.describe();
  options.onPoint?.({
    epoch: meta.epoch,
    step: meta.step,
    seconds: computedMs(run) / 1000,
    learningRate: stepper.learningRate(),
    gradientNorm: described.gradientNorm,
    trainLoss,
    metrics,
    layers: described.layers,
  });
  return described;
};

/** One mini-batch; false: the trial has diverged. */
const step = (run: Run): boolean => {
  const { plan, meta, stepper, round } = run;
  const loss = stepper.run(meta.epoch, meta.batch, meta.step - round.firstStep, meta.plateau);
  if (!Number.isFinite(loss)) {
    if (round.rows !== null) return false;
    throw divergedError(plan, run.memory, meta, stepper.learningRate(), loss);
  }
  const rows = meta.batch === round.stepsPerEpoch - 1 ? round.lastBatchRows : plan.batchRows;
  meta.lossSum += loss * rows;
  meta.rowsSeen += rows;
  meta.batch += 1;
  meta.step += 1;
  if (round.rows !== null) return true;
  if (meta.batch % stepsPerPoint(plan.steps) === 0 && meta.batch < round.stepsPerEpoch)
    reportPoint(run, meta.lossSum / meta.rowsSeen, {});
  return true;
};

/** Steps until an epoch ends, the control word speaks, a trial diverges, or it is time to look at the clock. */
export const advance = (run: Run, steps: number): "look" | "epoch" | "control" | "diverged" => {
  for (let done = 0; done < steps; done++) {
    if (Atomics.load(run.options.control, 0) !== controls.run) return "control";
    if (!step(run)) return "diverged";
    if (run.meta.batch === run.round.stepsPerEpoch) return "epoch";
  }
  return "look";
};

/** Compares this epoch with the best; true where early stopping ends the training. */
const keepBest = ({ plan, memory, meta }: Run, measured: Evaluation): boolean => {
  const { earlyStopping } = plan.spec.training;
  if (!earlyStopping) return false;
  meta.best = nextBest(earlyStopping, meta.best, meta.epoch, monitored(earlyStopping, measured));
  const { model, best } = plan.layout;
  if (best && meta.best.bad === 0) floatsOf(memory, best).set(floatsOf(memory, model));
  return shouldStop(earlyStopping, meta.best);
};

/** Measures, reports, and says whether training stops here: at the end of an epoch that is not a trial's. */
export const endEpoch = (run: Run): boolean => {
  const { plan, meta, options, stepper } = run;
  const { epochs } = plan.spec.training;
  const trainLoss = meta.lossSum / meta.rowsSeen;
  const measured = run.evaluate("validation");
  meta.epoch += 1;
  const metrics = measured ? namedMetrics("validation", measured, options.labelScale ?? 1) : {};
  meta.metrics = { trainLoss, ...metrics };
  meta.plateau = afterEpoch(plan.spec.optimizer.schedule, meta.plateau, measured?.loss ?? trainLoss);
  const last = plan.spec.training.everyRow?.lastEpoch ?? epochs;
  const stop = (measured ? keepBest(run, measured) : false) || meta.epoch >= last;
  const pointDue = stop || meta.epoch === options.pauseAtEpoch || meta.epoch % epochsPerPoint(epochs) === 0;
  const described = pointDue ? reportPoint(run, trainLoss, metrics) : null;
  const watched = watchEpoch(meta.watch, {
    epoch: meta.epoch,
    epochs,
    learningRate: stepper.learningRate(),
    trainLoss,
    validationLoss: measured?.loss ?? null,
    gradientNorm: described?.gradientNorm ?? 0,
    layers: described?.layers ?? [],
  });
  meta.watch = watched.state;
  for (const event of watched.events) options.onEvent?.(event);
  meta.batch = 0;
  meta.lossSum = 0;
  meta.rowsSeen = 0;
  if (!stop) stepper.shuffle(meta.epoch);
  return stop;
};

/** Gives an ensemble's members the shares that rows prefer which the weights have not learnt from, if it is asked for: as metrics, and their place among the candidates. */
const share = ({ plan, memory, meta, runner }: Run): { metrics: Record<string, number>; at: number } => {
  const { everyRow } = plan.spec.training;
  const ensemble = sharedEnsemble(plan.spec.model);
  const none = { metrics: {}, at: 0 };
  if (ensemble === null) return none;
  if (everyRow !== undefined) {
    if (everyRow.shares !== undefined) setShares(plan, memory, everyRow.shares);
    return none;
  }
  const { rows } = plan.data.validation;
  const of = { ensemble, split: "validation", rows } as const;
  const gains =
    rows > 0 ? measureShares(plan, memory, of, askValidation(plan, memory, runner)) : meta.search?.bestShares;
  const chosen = gains && chooseShares(ensemble, gains);
  if (!gains || !chosen) return none;
  setShares(plan, memory, chosen.shares);
  return { metrics: shareMetrics(chosen.shares, chosen.gain, gains.rows), at: chosen.at };
};

/** Divides the logits by the temperature that rows prefer which the weights have not learnt from, if it is asked for. */
const calibrate = ({ plan, memory, meta, runner }: Run, sharesAt: number): Record<string, number> => {
  const { calibration, everyRow, byFolds } = plan.spec.training;
  if (calibration !== "temperature") return {};
  if (everyRow !== undefined) {
    heatLogits(plan, memory, everyRow.temperature);
    return {};
  }
  if (byFolds !== undefined) {
    heatLogits(plan, memory, byFolds.temperature);
    return { temperature: byFolds.temperature, temperatureGain: byFolds.gain, temperatureRows: byFolds.rows };
  }
  const heat =
    plan.data.validation.rows > 0
      ? measureHeat(plan, memory, "validation", askValidation(plan, memory, runner))
      : meta.search?.bestHeat?.[sharesAt];
  if (heat === undefined) return {};
  const { temperature, gain } = chooseTemperature(heat);
  heatLogits(plan, memory, temperature);
  return { temperature, temperatureGain: gain, temperatureRows: heat.rows };
};

/** Restores the best epoch's weights and measures them on every split. */
export const finish = (run: Run): Metrics => {
  const { plan, memory, meta, evaluate, options } = run;
  const { model, best } = plan.layout;
  if (best && meta.best && meta.best.bad > 0) floatsOf(memory, model).set(floatsOf(memory, best));
  const shared = share(run);
  const calibrated = calibrate(run, shared.at);
  const metrics: Record<string, number> = { ...meta.metrics, epochs: meta.epoch, ...shared.metrics, ...calibrated };
  if (plan.search && meta.search) metrics.l2 = plan.search.l2s[meta.search.best]!;
  if (meta.best) metrics.bestEpoch = meta.best.epoch;
  for (const split of splits) {
    const measured = evaluate(split);
    if (measured) Object.assign(metrics, namedMetrics(split, measured, options.labelScale ?? 1));
  }
  meta.metrics = metrics;
  return metrics;
};
