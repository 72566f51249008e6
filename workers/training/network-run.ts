import { createFeed, type FeedImages } from "../../src/data/images/feed-images.ts";
import type { DataShape } from "../../src/data/preprocessing/data-shape.ts";
import type { PreparedArrays } from "../../src/data/preprocessing/prepare.ts";
import type { Metrics } from "../../src/domain/jobs/job.ts";
import { isLinearModel } from "../../src/domain/jobs/spec/linear/solver.ts";
import type { LossSpec } from "../../src/domain/jobs/spec/parts/loss-spec.ts";
import type { LabelTransform, Preprocessing } from "../../src/domain/models/model.ts";
import type { Report } from "../../src/domain/models/report.ts";
import { type KernelSource, loadEngineKernels } from "../../src/engine/kernels/engine-kernels.ts";
import type { TracedSpec } from "../../src/engine/nn/models.ts";
import { purposes } from "../../src/engine/nn/purposes.ts";
import { leadTeam, type Team } from "../../src/engine/parallel/team.ts";
import { askGivenRows } from "../../src/engine/train/fitting/ask-rows.ts";
import { type Answers, type CollectOptions, collectAnswers } from "../../src/engine/train/fitting/collect-answers.ts";
import { fit as fitNetwork } from "../../src/engine/train/fitting/fit.ts";
import { createIntake } from "../../src/engine/train/fitting/intake.ts";
import { dataViews, prepareTrainingMemory, weightTensors } from "../../src/engine/train/fitting/memory.ts";
import type { TrialUnits } from "../../src/engine/train/planning/plan-search.ts";
import { planTraining } from "../../src/engine/train/planning/plan-training.ts";
import { splits, type TrainingMeta } from "../../src/engine/train/planning/training.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { withCoefficients } from "../../src/stats/coefficients/with-coefficients.ts";
import { createUnits } from "../../src/stats/explaining/dependence-grid.ts";
import { temperatureNote } from "../../src/stats/report-notes.ts";
import { beat } from "../engine/control.ts";
import { linearBaseline } from "./exact/linear-baseline.ts";
import { backgroundOf } from "./explaining/background.ts";
import { noteCopies } from "./explaining/copied-rows.ts";
import { explainingNetwork } from "./explaining/explained-rows.ts";
import { noteGiveaways } from "./explaining/giveaway.ts";
import { type Explaining, explain, withExplained } from "./explaining/importances.ts";
import { type PickedRows, pageOf } from "./explaining/picked-rows.ts";
import { thresholdOf } from "./explaining/threshold.ts";
import { fitOptions, fromContent, toContent } from "./fit-state.ts";
import { heldOutAnswers, type Judged, judgeRows } from "./folds/judge-rows.ts";
import { behindCurves, calibrationOf, isotonicNote } from "./leading/calibrate.ts";
import { exposuresOf } from "./leading/counted-rows.ts";
import { addWeights, putWeights, requireCountedRows } from "./leading/row-weights.ts";
import { mostSeen, reportNetwork } from "./network-report.ts";
import { separationNote, withoutSpread } from "./separation-note.ts";
import { type RowStorage, storeRows } from "./spilling/row-storage.ts";
import type { TrainingRun, TrainingRunContext, TrainingRunEnd } from "./training-run.ts";
import { scoreRows } from "./trials/row-scores.ts";

const isFloat32 = (data: Tensor["data"]): data is Float32Array => data instanceof Float32Array;

/** Errors are reported in the label's own units. */
const labelScaleOf = ({ label }: Preprocessing): number => (label.type === "number" ? label.scale : 1);

/** The weights that the spec names by class, in the order of the model's classes; a class left out counts 1. Null: none, or balanced, which fit() computes. */
const classWeightsOf = (loss: LossSpec, label: LabelTransform): number[] | null => {
  if (!("classWeights" in loss) || typeof loss.classWeights !== "object" || label.type !== "classes") return null;
  const { classWeights } = loss;
  return label.classes.map((name) => (Object.hasOwn(classWeights, name) ? (classWeights[name] ?? 1) : 1));
};

/** What a study compares its trials by. */
const scoreValidation = (
  { trial, preprocessing }: TrainingRunContext,
  spec: TracedSpec,
  validation: PreparedArrays["validation"],
  { ask, metrics }: { ask: (options: CollectOptions) => Answers; metrics: Metrics },
): Tensor[] | null => {
  const { labels, weights = null } = validation;
  if (trial === null || labels === null || labels.length === 0) return null;
  const answers = ask({ split: "validation" });
  const exposures = exposuresOf(validation, answers.rows);
  return scoreRows({ spec, preprocessing, labels, answers, weights, exposures, meanLoss: metrics.validationLoss });
};

/** What the network goes by, asked in the job's own memory. */
const explainNetwork = (
  asked: Omit<Explaining, "budget">,
  shape: DataShape,
  plan: ReturnType<typeof planTraining>,
): ((report: Report) => Report) => {
  const budget = explainingNetwork(asked.spec, shape, plan);
  const explained = explain({ ...asked, budget });
  return (report) => withExplained(report, explained);
};

const addSeparation = (
  report: Report,
  { note, penalised }: NonNullable<ReturnType<typeof separationNote>>,
  { onEvent }: TrainingRunContext,
): void => {
  report.notes.push(note);
  if (penalised) return;
  withoutSpread(report);
  onEvent({ level: "warn", type: "separated", message: note.message, data: {} });
};

/** Rows that the trials of a penalty hold out as one, where the split says so. */
const unitsOf = ({ training: { split } }: TracedSpec, { train }: PreparedArrays): { units?: TrialUnits } => {
  if (train.units === undefined) return {};
  return { units: { of: train.units, order: split.time === undefined ? "random" : "latest" } };
};

const holdsUnits = ({ training: { split, penaltySearch } }: TracedSpec): boolean =>
  penaltySearch !== false && (split.by ?? split.time) !== undefined;

/** The epoch at which a trial is to pause. */
const pauseOf = ({ trial }: TrainingRunContext): { pauseAtEpoch?: number } =>
  trial === null || trial.pauseAtEpoch === null ? {} : { pauseAtEpoch: trial.pauseAtEpoch };

/** Pictures of the training rows as they are changed from epoch to epoch, where the spec asks for that. */
const feedImages = (
  { augment, seed }: TracedSpec["training"],
  preprocessing: Preprocessing,
  { train: { pixels } }: PreparedArrays,
  { imageBytes = 0, trainRows }: DataShape,
): { feed?: FeedImages } => {
  if (pixels === undefined || augment === undefined) return {};
  const augmentation = { augment, seed, purpose: purposes.augment, trainRows };
  return { feed: createFeed(preprocessing, { pixels, imageBytes }, augmentation) };
};

const tellSaved = (
  { memoryBytes, keepingBytes }: ReturnType<typeof planTraining>,
  { resume, onEvent }: TrainingRunContext,
): void => {
  const savedBytes = keepingBytes - memoryBytes;
  if (savedBytes === 0 || resume !== null) return;
  const message = `activations are computed again for their gradients, which saves ${savedBytes.toLocaleString("en-US")} bytes`;
  onEvent({ level: "info", type: "activations_recomputed", message, data: { memoryBytes, savedBytes } });
};

/** What a network is when its fit has ended. */
interface Fitted {
  spec: TracedSpec;
  shape: DataShape;
  plan: ReturnType<typeof planTraining>;
  memory: WebAssembly.Memory;
  team: Team;
  views: ReturnType<typeof dataViews>;
  rows: RowStorage;
}

/** Asks the model about the rows held out, and reports; of a fold what it says of them is all. */
const complete = async (
  context: TrainingRunContext,
  { spec, shape, plan, memory, team, views, rows }: Fitted,
  metrics: Metrics,
): Promise<TrainingRunEnd> => {
  // Copies: the store hashes and writes ordinary memory.
  const tensors = weightTensors(plan, memory).map(
    ({ name, shape: size, data }): Tensor => ({ name, dtype: "F32", shape: size, data: Float32Array.from(data) }),
  );
  const inArrays = { ownUnits: false, shifts: null };
  const explains = explainingNetwork(spec, shape, plan) !== null;
  const { arrays, pick } = rows;
  const background = (): Tensor[] | null =>
    explains
      ? backgroundOf(context.preprocessing, { pick, total: shape.trainRows }, inArrays, isLinearModel(spec.model))
      : null;
  if (context.refits) return { type: "refitted", tensors, parameters: plan.parameters, background: background() };
  const askWeights = (options: CollectOptions): Answers =>
    collectAnswers(plan, memory, team, () => beat(context.control), options);
  context.onPhase("evaluate");
  const { preprocessing } = context;
  const held = { labels: views.validation.labels ?? [], weights: arrays.validation.weights };
  const calibration = calibrationOf(spec, preprocessing, () => ({ ...askWeights({ split: "validation" }), ...held }));
  const ask = (options: CollectOptions) => behindCurves(calibration, preprocessing, askWeights(options));
  const answers = ask({});
  const asked = { spec, loss: spec.loss, preprocessing, arrays, pick, split: answers.split };
  // A part of the training rows is compared with the whole of them alone.
  const isAlone = isLinearModel(spec.model) || preprocessing.label.type === "none" || spec.training.part !== undefined;
  const linear = isAlone ? null : await linearBaseline(asked, answers.split, answers.rows, () => beat(context.control));
  const judge = (): Judged => {
    const own = { spec, preprocessing, arrays, pick, answers, metrics, seen: null, linear, threshold: null };
    return judgeRows(own, views[answers.split].labels);
  };
  if (context.judges) return { type: "judged", metrics, judged: judge(), tensors, parameters: plan.parameters };
  const learnsSpread = spec.task.type === "regression" && spec.model.type !== "cnn";
  const seen = learnsSpread ? ask({ split: "train", most: mostSeen }) : null;
  const threshold = thresholdOf(spec, () => ({ ...ask({ split: "validation" }), ...held }));
  context.onPhase("report");
  // Inputs are standardised, in single precision.
  const unitsOf = createUnits(preprocessing, { standardised: true, shifts: null, digits: 7 });
  const results = { spec, preprocessing, arrays, pick, unitsOf, answers, metrics, seen, linear, threshold };
  const measured = reportNetwork(results);
  const heldBy = spec.training.byFolds === undefined ? "training rows that trials held out" : "rows of the folds";
  const calibrated =
    temperatureNote(metrics, shape.validationRows > 0 ? "validation rows" : heldBy) ??
    isotonicNote(spec, calibration, shape.validationRows);
  if (calibrated !== null && "notes" in measured) measured.notes.push(calibrated);
  const pages = { split: "train" as const, total: shape.trainRows, onPage: () => beat(context.control) };
  const inputs = rows.isPicked ? { features: pageOf(pick, pages) } : {};
  const separated = separationNote(spec, preprocessing, { ...arrays, ...inputs }, metrics);
  if (separated !== null) addSeparation(measured, separated, context);
  noteGiveaways({ preprocessing, arrays, pick }, measured.notes);
  noteCopies({ preprocessing, arrays, pick }, answers.split, measured.notes);
  beat(context.control);
  const askGiven = (picked: PickedRows): Float32Array =>
    askGivenRows(plan, memory, team, () => beat(context.control), { split: answers.split, ...picked });
  const askPicked = (picked: PickedRows): ArrayLike<number> =>
    rows.isPicked
      ? behindCurves(calibration, preprocessing, { outputs: askGiven(picked) }).outputs
      : ask({ most: picked.rows.length }).outputs;
  const explained = explainNetwork({ ...asked, unitsOf, ask: askPicked }, shape, plan);
  // Curves know the validation rows: trials are compared without them.
  const scores = scoreValidation(context, spec, arrays.validation, { ask: askWeights, metrics });
  const report = withCoefficients(explained(measured), {
    ...{ spec, preprocessing, arrays, inputs: inputs.features, separated: separated !== null },
    unbounded: separated?.penalised === false,
    tensorOf: (name) => {
      const data = tensors.find((tensor) => tensor.name === name)?.data;
      return data !== undefined && isFloat32(data) ? data : null;
    },
  });
  const heldOut = heldOutAnswers({
    ...{ spec, preprocessing, arrays, pick, answers, metrics },
    ...{ seen: null, linear: null, threshold },
  });
  const judged = spec.training.learningCurve === undefined ? {} : { judged: judge() };
  const beside = { report, scores, background: background(), threshold, heldOut, ...judged };
  const decided = calibration === null ? {} : { calibration };
  return { type: "completed", ...decided, tensors, metrics, parameters: plan.parameters, ...beside };
};

interface NetworkRunOptions {
  scratchFolder: string;
  /** How many of them the team may use now. */
  cores: () => number;
  /** Asked while nothing is computed: whether the job goes on. */
  goOn: () => boolean;
}

/** Everything that is trained by gradient descent, from linear regression to a CNN: the lead and its team run one plan in lock step. */
export const createNetworkRun = async (
  spec: TracedSpec,
  shape: DataShape,
  kernels: KernelSource,
  take: (memoryBytes: number) => WebAssembly.Memory,
  { scratchFolder, cores, goOn }: NetworkRunOptions,
): Promise<TrainingRun> => {
  // As the planner has decided by this machine's or another's costs: the lead's specification has no more.
  const plan = planTraining(spec, shape, { threads: spec.resources.threads });
  const memory = take(plan.memoryBytes);
  prepareTrainingMemory(plan, memory);
  const team = leadTeam(plan, memory, await loadEngineKernels(kernels, memory), { limit: cores });
  const views = dataViews(plan, memory);
  const rows = storeRows(plan, memory, views, { scratchFolder, goOn });
  const { arrays } = rows;
  addWeights(arrays, spec.task);
  if (holdsUnits(spec)) arrays.train = { ...arrays.train, units: new Int32Array(shape.trainRows) };
  const optionsOf = (context: TrainingRunContext): Parameters<typeof fitNetwork>[3] => ({
    ...fitOptions(context),
    labelScale: labelScaleOf(context.preprocessing),
    ...{
      ...pauseOf(context),
      ...unitsOf(spec, arrays),
      ...feedImages(spec.training, context.preprocessing, arrays, shape),
    },
    // As large as the weights once more: given back before the steps begin.
    ...(context.initial === null ? {} : { initial: context.initial, onInitialTaken: () => context.initial?.clear() }),
    ...(context.resume === null ? {} : { resume: fromContent<TrainingMeta, Float32Array>(context.resume, isFloat32) }),
  });

  return {
    team: plan.threads > 1 ? { plan, memory } : null,
    arrays,
    intake: (initial, control) => createIntake(plan, memory, team, { initial, onBatch: () => beat(control) }),
    secondsOf: (state) => (state as TrainingMeta).computedMs / 1000,
    reader: rows.reader,
    dismiss: () => {
      rows.close();
      team.dismiss();
    },
    async fit(context): Promise<TrainingRunEnd> {
      context.onPhase("fit");
      requireCountedRows(arrays, spec);
      for (const split of splits) {
        const { weights, offsets } = arrays[split];
        putWeights(weights, views[split].rowWeights);
        if (offsets !== undefined) views[split].rowOffsets?.set(offsets);
      }
      const weights = classWeightsOf(spec.loss, context.preprocessing.label);
      if (weights !== null) views.setClassWeights(weights);
      tellSaved(plan, context);
      const { outcome, metrics, state } = await fitNetwork(plan, memory, team, optionsOf(context));
      if (outcome === "paused" || outcome === "handed_back" || outcome === "reached")
        await context.writeCheckpoint(toContent(state));
      if (outcome === "reached") return { type: "reached", epoch: state.meta.epoch };
      if (outcome !== "finished") return { type: "stopped" };
      return complete(context, { spec, shape, plan, memory, team, views, rows }, metrics);
    },
  };
};
