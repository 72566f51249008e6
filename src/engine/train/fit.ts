import type { Metrics } from "../../domain/job.ts";
import { afterEpoch, initialPlateau } from "../optim/schedule.ts";
import type { Team } from "../parallel/team.ts";
import { createLayerDescriber } from "./describe-layers.ts";
import { divergedError } from "./diverged.ts";
import { monitored, nextBest, shouldStop } from "./early-stopping.ts";
import { createEvaluator, type Evaluation, namedMetrics } from "./evaluate.ts";
import { dataViews, floatsOf, weightTensors } from "./memory.ts";
import { captureState, loadInitial, restoreState } from "./state.ts";
import { createStepper } from "./stepper.ts";
import { controls, type FitOptions, type FitResult, type TrainingMeta, type TrainingPlan } from "./training.ts";
import { initialWatch, symmetryEvent, watchEpoch } from "./watch.ts";

/** Points of the metrics history that a job makes at most, about. */
const pointsPerJob = 1000;
/** FLOPs between two looks at the clock: some milliseconds. */
const flopsPerLook = 5e7;
/** How often the thread's event loop gets a turn. */
const breathMs = 100;

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

const outcomes = { [controls.pause]: "paused", [controls.cancel]: "cancelled", [controls.handBack]: "handed_back" } as const;

/** Weights of classes n / (classes · n_class): each class counts the same, and the mean over the rows is 1. */
const balancedWeights = (labels: ArrayLike<number>, classes: number): Float64Array => {
  const counts = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) counts[labels[row]!]! += 1;
  return counts.map((count) => (count > 0 ? labels.length / (classes * count) : 1));
};

const setBalancedWeights = (plan: TrainingPlan, memory: WebAssembly.Memory): void => {
  const { loss } = plan.spec;
  if (!("classWeights" in loss) || loss.classWeights !== "balanced") return;
  const views = dataViews(plan, memory);
  if (views.train.labels) views.setClassWeights(balancedWeights(views.train.labels, Math.max(2, plan.shape.outputs)));
};

/** Everything that one run of fit() holds on to. */
const createRun = (plan: TrainingPlan, memory: WebAssembly.Memory, team: Team, options: FitOptions) => {
  const stepper = createStepper(plan, memory, team);
  const evaluate = createEvaluator(plan, memory, team);
  const describe = createLayerDescriber(plan, memory, team);
  const { epochs, earlyStopping } = plan.spec.training;
  const { layout } = plan;
  const model = floatsOf(memory, layout.model);
  const best = layout.best && floatsOf(memory, layout.best);
  const stopping = earlyStopping && plan.shape.validationRows > 0 ? earlyStopping : null;
  const epochsPerPoint = Math.ceil(epochs / pointsPerJob);
  const stepsPerPoint = Math.max(50, Math.ceil(plan.steps / (pointsPerJob / 2)));
  const scale = options.labelScale ?? 1;
  const meta: { -readonly [K in keyof TrainingMeta]: TrainingMeta[K] } = { ...(options.resume?.meta ?? freshMeta) };
  let startedMs = options.nowMs();

  const computedMs = (): number => meta.computedMs + options.nowMs() - startedMs;
  const snapshot = (): TrainingMeta => {
    meta.computedMs = computedMs();
    startedMs = options.nowMs();
    return { ...meta };
  };

  const begin = (): void => {
    setBalancedWeights(plan, memory);
    if (options.resume) {
      restoreState(plan, memory, options.resume);
    } else {
      stepper.initialise();
      loadInitial(plan, memory, options.initial ?? new Map());
      const weights = weightTensors(plan, memory).filter(({ name }) => name.endsWith(".weight") && name !== "output.weight");
      const event = symmetryEvent(weights.map(({ name, shape, data }) => ({ layer: name.slice(0, -7), units: shape.at(-1)!, data })));
      if (event) options.onEvent?.(event);
    }
    if (meta.epoch < epochs) stepper.shuffle(meta.epoch);
  };

  const point = (trainLoss: number, metrics: Metrics) => {
    const described = describe();
    options.onPoint?.({
      epoch: meta.epoch,
      step: meta.step,
      seconds: computedMs() / 1000,
      learningRate: stepper.learningRate(),
      gradientNorm: described.gradientNorm,
      trainLoss,
      metrics,
      layers: described.layers,
    });
    return described;
  };

  /** One mini-batch. */
  const step = (): void => {
    const loss = stepper.run(meta.epoch, meta.batch, meta.step, meta.plateau);
    if (!Number.isFinite(loss)) throw divergedError(plan, memory, meta, stepper.learningRate(), loss);
    const rows = meta.batch === plan.stepsPerEpoch - 1 ? plan.lastBatchRows : plan.batchRows;
    meta.lossSum += loss * rows;
    meta.rowsSeen += rows;
    meta.batch += 1;
    meta.step += 1;
    if (meta.batch % stepsPerPoint === 0 && meta.batch < plan.stepsPerEpoch) point(meta.lossSum / meta.rowsSeen, {});
  };

  const keepBest = (measured: Evaluation): boolean => {
    if (!stopping) return false;
    meta.best = nextBest(stopping, meta.best, meta.epoch, monitored(stopping, measured));
    if (meta.best.bad === 0) best?.set(model);
    return shouldStop(stopping, meta.best);
  };

  /** Measures, reports, and says whether training stops here. */
  const endEpoch = (): boolean => {
    const trainLoss = meta.lossSum / meta.rowsSeen;
    const measured = evaluate("validation");
    meta.epoch += 1;
    const metrics = measured ? namedMetrics("validation", measured, scale) : {};
    meta.metrics = { trainLoss, ...metrics };
    meta.plateau = afterEpoch(plan.spec.optimizer.schedule, meta.plateau, measured?.loss ?? trainLoss);
    const stop = (measured ? keepBest(measured) : false) || meta.epoch >= epochs;
    const described = stop || meta.epoch % epochsPerPoint === 0 ? point(trainLoss, metrics) : null;
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

  /** Steps until an epoch ends, the control word speaks, or it is time to look at the clock. */
  const advance = (steps: number): "look" | "epoch" | "control" => {
    for (let done = 0; done < steps; done++) {
      if (Atomics.load(options.control, 0) !== controls.run) return "control";
      step();
      if (meta.batch === plan.stepsPerEpoch) return "epoch";
    }
    return "look";
  };

  /** Restores the best epoch's weights and measures them on every split. */
  const finish = (): Metrics => {
    if (best && meta.best && meta.best.bad > 0) model.set(best);
    const metrics: Record<string, number> = { ...meta.metrics, epochs: meta.epoch };
    if (meta.best) metrics["bestEpoch"] = meta.best.epoch;
    for (const split of ["train", "validation", "test"] as const) {
      const measured = evaluate(split);
      if (measured) Object.assign(metrics, namedMetrics(split, measured, scale));
    }
    meta.metrics = metrics;
    return metrics;
  };

  return { meta, begin, advance, endEpoch, finish, capture: () => captureState(plan, memory, snapshot()), computedMs };
};

/**
 * Trains a model to its end, or until the control word stops it. Runs on the thread that leads `team`; the data must lie in the memory (dataViews). The bits of
 * the weights depend on plan and data alone: not on threads, not on interruptions. Throws TrainingError where training cannot go on.
 */
export const fit = async (plan: TrainingPlan, memory: WebAssembly.Memory, team: Team, options: FitOptions): Promise<FitResult> => {
  const run = createRun(plan, memory, team, options);
  const { meta } = run;
  const { epochs } = plan.spec.training;
  const stepsPerLook = Math.max(1, Math.min(4096, Math.round(flopsPerLook / plan.flopsPerStep)));
  run.begin();
  let [checkpointMs, breathedMs] = [options.nowMs(), options.nowMs()];
  let stopped = meta.epoch >= epochs;
  while (!stopped) {
    const reason = run.advance(stepsPerLook);
    if (reason === "control") {
      const outcome = outcomes[Atomics.load(options.control, 0) as keyof typeof outcomes];
      return { outcome, metrics: meta.metrics, state: run.capture() };
    }
    if (reason === "epoch") stopped = run.endEpoch();
    const now = options.nowMs();
    if (now - breathedMs >= breathMs || stopped) {
      breathedMs = now;
      options.onProgress?.(stopped ? 1 : meta.step / plan.steps);
      await new Promise((resume) => setImmediate(resume));
    }
    if (!stopped && options.onCheckpoint && now - checkpointMs >= options.checkpointEveryMs) {
      await options.onCheckpoint(run.capture());
      checkpointMs = options.nowMs();
    }
  }
  const metrics = run.finish();
  return { outcome: "finished", metrics, state: run.capture() };
};
