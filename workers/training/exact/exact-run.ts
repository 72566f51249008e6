import type { DataShape } from "../../../src/data/preprocessing/data-shape.ts";
import type { PreparedArrays, SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import { fillMissing, standardise } from "../../../src/data/preprocessing/raw-numbers.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { columnShifts, shiftColumns } from "../../../src/engine/exact/design.ts";
import { type ExactFit, type ExactState, FitInterrupted } from "../../../src/engine/exact/exact-fit.ts";
import { type ExactPlan, planExact } from "../../../src/engine/exact/exact-plan.ts";
import { type ExactOptions, type ExactTask, fitExact } from "../../../src/engine/exact/fit-exact.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { namedMetrics } from "../../../src/engine/train/fitting/evaluate.ts";
import { splits } from "../../../src/engine/train/planning/training.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { mostCovariances, type SolvedColumns, solvedColumns } from "../../../src/stats/coefficients/solved-columns.ts";
import { columnsByFeature } from "../../../src/stats/inference/model-tests.ts";
import type { Clusters } from "../../../src/stats/inference/solved-fit.ts";
import { beat, currentSignal } from "../../engine/control.ts";
import { backgroundOf } from "../explaining/background.ts";
import { explainingSolution } from "../explaining/explained-rows.ts";
import { fromContent, toContent } from "../fit-state.ts";
import {
  firstCheckpointShare,
  type TrainingRun,
  type TrainingRunContext,
  type TrainingRunEnd,
} from "../training-run.ts";
import { scoreRows } from "../trials/row-scores.ts";
import { type ExactResults, reportExact } from "./exact-report.ts";
import { judgeTest } from "./judge-test.ts";
import { answersOf, evaluateLinear } from "./linear-evaluation.ts";
import { forNetwork, type LinearWeights, toTensors, weightsFrom } from "./linear-weights.ts";

/** How often the thread's event loop gets a turn. */
const breathMs = 100;
/** Iterations that Newton's method takes on ordinary data: what progress is a share of. */
const usualIterations = 10;

const isFloat64 = (data: Tensor["data"]): data is Float64Array => data instanceof Float64Array;

type TrainArrays = SplitArrays & { places: Int32Array; clusters: Int32Array };
type ExactArrays = Record<Split, SplitArrays> & { train: TrainArrays };

const arraysOf = ({ data, inputs }: ExactPlan, memory: WebAssembly.Memory): ExactArrays => {
  const of = (split: Split): SplitArrays => {
    const { rows, featuresOffset, labelsOffset } = data[split];
    return {
      features: new Float64Array(memory.buffer, featuresOffset, rows * inputs),
      labels: new Float64Array(memory.buffer, labelsOffset, rows),
    };
  };
  const { rows, placesOffset, clustersOffset } = data.train;
  const numbers = (offset: number): Int32Array => new Int32Array(memory.buffer, offset, rows);
  const train = { ...of("train"), places: numbers(placesOffset), clusters: numbers(clustersOffset) };
  return { train, validation: of("validation"), test: of("test") };
};

const clustersOf = ({ training: { clusterBy } }: ResolvedJobSpec, ids: Int32Array): Clusters | null => {
  if (clusterBy === undefined) return null;
  // Numbers of other splits' rows are among them: what counts is how many there are here.
  const own = new Map([...new Set(ids)].map((id, i) => [id, i]));
  return { column: clusterBy, count: own.size, ids: ids.map((id) => own.get(id)!) };
};

/** c of the penalty beside the sum of the losses: the spec's is beside their mean. */
const penaltyOf = ({ model, training: { l2 } }: ResolvedJobSpec, rows: number): number =>
  (model.type === "linear" ? l2 / 2 : l2) * rows;

/** Progress, points and checkpoints of a fit under way. */
const createWatch = (plan: ExactPlan, context: TrainingRunContext, resume: ExactState | null) => {
  const startedMs = performance.now() - (resume?.meta.computedMs ?? 0);
  let latest: ExactState = resume ?? {
    meta: { version: 1, step: 0, computedMs: 0, progress: { iteration: 0, objective: null, decrements: [] } },
    tensors: {},
  };
  let breathedMs = performance.now();
  let saveDueMs = breathedMs + context.checkpointMs * firstCheckpointShare;
  const pulse = (): void => {
    beat(context.control);
    if (currentSignal(context.control) !== "go") throw new FitInterrupted();
  };
  const save = (): Promise<void> => context.writeCheckpoint(toContent(latest));
  const onIteration: ExactOptions["onIteration"] = async (meta, tensors, step) => {
    const now = performance.now();
    latest = { meta: { ...meta, computedMs: now - startedMs }, tensors };
    const { iteration, objective, decrements } = meta.progress;
    context.onPoint({
      ...{ epoch: iteration, step: iteration, seconds: latest.meta.computedMs / 1000, learningRate: step },
      gradientNorm: Math.sqrt(Math.max(0, decrements.at(-1) ?? 0)),
      trainLoss: (objective ?? 0) / plan.data.train.rows,
      metrics: {},
      layers: [],
    });
    context.onProgress(iteration / (iteration + usualIterations / 2));
    if (now - breathedMs >= breathMs) {
      await new Promise((resolve) => setImmediate(resolve));
      breathedMs = performance.now();
    }
    pulse();
    if (now < saveDueMs) return;
    await save();
    saveDueMs = performance.now() + context.checkpointMs;
  };
  return { pulse, onIteration, save };
};

const solve = (
  plan: ExactPlan,
  spec: ResolvedJobSpec,
  { train }: PreparedArrays,
  wanted: Pick<ExactTask, "columns" | "mostCovariances">,
  memory: WebAssembly.Memory,
  options: ExactOptions,
): Promise<ExactFit> => {
  const { model, method, inputs, outputs, mostIterations, work } = plan;
  const penalty = penaltyOf(spec, plan.data.train.rows);
  return fitExact(
    {
      ...{ model, method, inputs, penalty, mostIterations, ...wanted },
      features: train.features as Float64Array,
      labels: train.labels as Float64Array,
      classes: outputs,
      work: new Float64Array(memory.buffer, work.offset, work.doubles),
    },
    options,
  );
};

/** Features whose likelihood ratios are computed at most, each by another fit, and what they may cost together. */
const [mostTests, mostTestFlops] = [60, 2e10];

/** Twice the log-likelihood that a generalised linear model loses without each of its features. */
const likelihoodRatios = async (
  plan: ExactPlan,
  spec: ResolvedJobSpec,
  arrays: PreparedArrays,
  { columns }: SolvedColumns,
  {
    fit,
    preprocessing,
    memory,
    pulse,
  }: { fit: ExactFit; preprocessing: Preprocessing; memory: WebAssembly.Memory; pulse: () => void },
): Promise<ExactResults["ratios"]> => {
  const known = fit.ending === "converged" && fit.indeterminate.length === 0 && plan.method === "newton";
  if (!known) return [];
  const features = columnsByFeature({ columns, preprocessing });
  const flops = features.length * usualIterations * plan.flopsPerStep;
  if (features.length > mostTests || flops > mostTestFlops) return [];
  const ratios: { feature: string; lost: number; degrees: number }[] = [];
  for (const { feature, positions } of features) {
    const wanted = { columns: columns.filter((_, j) => !positions.includes(j)), mostCovariances: 0 };
    const options = { resume: null, pulse, onIteration: async () => pulse() };
    const { objective, ending } = await solve(plan, spec, arrays, wanted, memory, options);
    const degrees = (positions.length * fit.coefficients.length) / columns.length;
    if (ending === "converged") ratios.push({ feature, lost: 2 * (objective - fit.objective), degrees });
  }
  return ratios;
};

const endings: Record<ExactFit["ending"], string> = {
  converged: "converged",
  separated: "follows the separated rows without end",
  not_converged: "did not converge",
};

const tellEnding = (fit: ExactFit, { onEvent }: TrainingRunContext): void => {
  const { method, ending, iterations } = fit;
  const data = { method, iterations, converged: ending === "converged", lastStep: fit.lastStep };
  if (method === "qr") {
    onEvent({ level: "info", type: "solved", message: "solved by QR", data });
    return;
  }
  const name = method === "newton" ? "Newton's method" : "L-BFGS";
  const remedy = ending === "not_converged" ? "; raise training.epochs, or give training.l2" : "";
  const message = `${name} ${endings[ending]} after ${iterations} iterations${remedy}`;
  onEvent({ level: ending === "not_converged" ? "warn" : "info", type: "solved", message, data });
};

/** What a study compares its trials by. */
const scoreValidation = (
  { trial }: TrainingRunContext,
  plan: ExactPlan,
  spec: ResolvedJobSpec,
  {
    preprocessing,
    arrays,
    weights,
    metrics,
  }: { preprocessing: Preprocessing; arrays: PreparedArrays; weights: LinearWeights; metrics: Metrics },
): Tensor[] | null => {
  const { validation } = arrays;
  if (trial === null || validation.labels === null || validation.labels.length === 0) return null;
  const rows = spreadRows(validation.labels.length, 1);
  const outputs = answersOf(plan.model, weights, validation, rows);
  const answers = { split: "validation" as const, rows, outputs };
  const { validationLoss: meanLoss } = metrics;
  return scoreRows({ spec, preprocessing, labels: validation.labels, answers, ownUnits: true, meanLoss });
};

/** Linear models with a likelihood of their own: solved in float64 by the lead alone, to the bit whatever the machine. */
export const createExactRun = (
  spec: ResolvedJobSpec,
  shape: DataShape,
  take: (memoryBytes: number) => WebAssembly.Memory,
): TrainingRun => {
  const plan = planExact(spec, shape);
  const memory = take(plan.memoryBytes);
  const arrays = arraysOf(plan, memory);
  const penalised = spec.training.l2 > 0;

  const complete = async (
    context: TrainingRunContext,
    solved: SolvedColumns,
    { fit, shifts }: { fit: ExactFit; shifts: Float64Array | null },
    pulse: () => void,
  ): Promise<TrainingRunEnd> => {
    const [{ preprocessing }, { columns, terms }] = [context, solved];
    const weights = weightsFrom(fit.coefficients, columns, plan);
    const labelScale = preprocessing.label.type === "number" ? preprocessing.label.scale : 1;
    const metrics: Metrics = {};
    for (const split of splits) {
      const measured = evaluateLinear(plan.model, weights, arrays[split], labelScale);
      if (measured !== null) Object.assign(metrics, namedMetrics(split, measured, 1));
      pulse();
    }
    if (context.judges)
      return { type: "judged", metrics, judged: judgeTest(plan, spec, { preprocessing, arrays, weights, metrics }) };
    const own = { fit, preprocessing, memory, pulse };
    const ratios = terms === null ? [] : await likelihoodRatios(plan, spec, arrays, solved, own);
    tellEnding(fit, context);
    const network = forNetwork(weights, preprocessing, { standardised: penalised, shifts });
    const report = reportExact({
      ...{ spec, preprocessing, arrays, model: plan.model, weights, network, fit, columns, terms, metrics },
      ...{ ratios, shifts },
      places: arrays.train.places,
      clusters: clustersOf(spec, arrays.train.clusters),
      budget: explainingSolution(shape, plan),
      onSeparated: (message) => context.onEvent({ level: "warn", type: "separated", message, data: {} }),
      beat: () => beat(context.control),
    });
    const scores = scoreValidation(context, plan, spec, { preprocessing, arrays, weights, metrics });
    const background = backgroundOf(preprocessing, arrays.train.features, { ownUnits: !penalised, shifts }, true);
    const { parameters } = plan;
    return { type: "completed", tensors: toTensors(network), parameters, metrics, report, scores, background };
  };

  return {
    team: null,
    arrays,
    ownUnits: true,
    secondsOf: (state) => (state as ExactState["meta"]).computedMs / 1000,
    dismiss: () => {},
    async fit(context): Promise<TrainingRunEnd> {
      const { preprocessing } = context;
      for (const split of splits) {
        const features = arrays[split].features as Float64Array;
        fillMissing(preprocessing, features);
        if (penalised) standardise(preprocessing, features);
      }
      const origin = "intercept" in spec.model && spec.model.intercept === false;
      const solved = solvedColumns(preprocessing, arrays.train.features, {
        penalised,
        intercept: !origin,
      });
      const shifts = penalised || origin ? null : columnShifts(arrays.train.features as Float64Array, plan.inputs);
      if (shifts !== null) for (const split of splits) shiftColumns(arrays[split].features as Float64Array, shifts);
      const resume =
        context.resume === null ? null : fromContent<ExactState["meta"], Float64Array>(context.resume, isFloat64);
      const watch = createWatch(plan, context, resume);
      try {
        const options = {
          resume: resume?.tensors.coefficients ? resume : null,
          pulse: watch.pulse,
          onIteration: watch.onIteration,
        };
        const wanted = { columns: solved.columns, mostCovariances: penalised ? 0 : mostCovariances };
        const fit = await solve(plan, spec, arrays, wanted, memory, options);
        return await complete(context, solved, { fit, shifts }, watch.pulse);
      } catch (error) {
        if (!(error instanceof FitInterrupted)) throw error;
        // What one pass computes needs no checkpoint; the others go on from their last iteration.
        if (currentSignal(context.control) === "checkpoint") await watch.save();
        return { type: "stopped" };
      }
    },
  };
};
