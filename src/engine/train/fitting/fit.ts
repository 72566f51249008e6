import type { Team } from "../../parallel/team.ts";
import { controls, type FitOptions, type FitResult, type TrainingPlan } from "../planning/training.ts";
import { dataViews, weightTensors } from "./memory.ts";
import { advance, capture, createRun, endEpoch, finish, type Run } from "./run.ts";
import { loadInitial, restoreState } from "./state.ts";
import type { Stepper } from "./stepper.ts";
import { endTrial, endTrialEpoch, enterRound } from "./trial-rounds.ts";
import { symmetryEvent } from "./watch.ts";

/** FLOPs between two looks at the clock: some milliseconds. */
const flopsPerLook = 5e7;
/** How often the thread's event loop gets a turn. */
const breathMs = 100;

const outcomes = {
  [controls.pause]: "paused",
  [controls.cancel]: "cancelled",
  [controls.handBack]: "handed_back",
} as const;

/** Weights of classes n / (classes · n_class), rows counted by their own weights of mean 1: each class counts the same, and the mean over the rows is 1. */
const balancedWeights = (labels: ArrayLike<number>, rowWeights: Float32Array | null, classes: number): Float64Array => {
  const counts = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) counts[labels[row]!]! += rowWeights === null ? 1 : rowWeights[row]!;
  return counts.map((count) => (count > 0 ? labels.length / (classes * count) : 1));
};

const setBalancedWeights = (plan: TrainingPlan, memory: WebAssembly.Memory): void => {
  const { loss } = plan.spec;
  if (!("classWeights" in loss) || loss.classWeights !== "balanced") return;
  const views = dataViews(plan, memory);
  const { labels, rowWeights } = views.train;
  if (labels) views.setClassWeights(balancedWeights(labels, rowWeights, Math.max(2, plan.shape.outputs)));
};

/** Draws the weights, puts those of a base model over them, and says so where units of a layer start the same. */
const setInitialWeights = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  stepper: Stepper,
  { initial, onEvent }: FitOptions,
): void => {
  stepper.initialise();
  loadInitial(plan, memory, initial ?? new Map());
  const weights = weightTensors(plan, memory).filter(
    ({ name }) => name.endsWith(".weight") && name !== "output.weight",
  );
  const event = symmetryEvent(
    weights.map(({ name, shape, data }) => ({ layer: name.slice(0, -7), units: shape.at(-1)!, data })),
  );
  if (event) onEvent?.(event);
};

const begin = (run: Run): void => {
  const { plan, memory, options, stepper, meta } = run;
  setBalancedWeights(plan, memory);
  enterRound(run);
  if (options.resume) restoreState(plan, memory, options.resume);
  else setInitialWeights(plan, memory, stepper, options);
  // The trials of a penalty begin from them again.
  if (plan.search === null) options.onInitialTaken?.();
  if (meta.epoch < plan.spec.training.epochs) stepper.shuffle(meta.epoch);
};

/**
 * Trains a model to its end, or until the control word stops it. Runs on the thread that leads `team`; the data must lie in the memory (dataViews). The bits of
 * the weights depend on plan and data alone: not on threads, not on interruptions. Throws TrainingError where training cannot go on.
 */
export const fit = async (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  options: FitOptions,
): Promise<FitResult> => {
  const run = createRun(plan, memory, team, options);
  const { meta } = run;
  const stepsPerLook = Math.max(1, Math.min(4096, Math.round(flopsPerLook / plan.flopsPerStep)));
  begin(run);
  let breathedMs = options.nowMs();
  let checkpointDueMs = breathedMs + (options.firstCheckpointMs ?? options.checkpointEveryMs);
  let stopped = meta.epoch >= plan.spec.training.epochs;
  const isReached = (): boolean =>
    run.round.rows === null && meta.epoch >= (options.pauseAtEpoch ?? Number.POSITIVE_INFINITY);
  const tellProgress = (): void =>
    options.onProgress?.(stopped ? 1 : meta.step / (plan.steps + (plan.search?.steps ?? 0)));
  while (!stopped) {
    if (meta.batch === 0 && isReached()) return { outcome: "reached", metrics: meta.metrics, state: capture(run) };
    const reason = advance(run, stepsPerLook);
    if (reason === "control") {
      // A pause may come before anything was told: the record is to say how far the checkpoint is.
      tellProgress();
      const outcome = outcomes[Atomics.load(options.control, 0) as keyof typeof outcomes];
      return { outcome, metrics: meta.metrics, state: capture(run) };
    }
    if (reason === "epoch") stopped = run.round.rows === null ? endEpoch(run) : endTrialEpoch(run);
    if (reason === "diverged") endTrial(run, true);
    const now = options.nowMs();
    if (now - breathedMs >= breathMs || stopped) {
      breathedMs = now;
      tellProgress();
      await new Promise((resume) => setImmediate(resume));
    }
    if (!stopped && options.onCheckpoint && now >= checkpointDueMs) {
      await options.onCheckpoint(capture(run));
      checkpointDueMs = options.nowMs() + options.checkpointEveryMs;
    }
  }
  const metrics = finish(run);
  return { outcome: "finished", metrics, state: capture(run) };
};
