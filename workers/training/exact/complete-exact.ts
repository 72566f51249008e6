import type { DataShape } from "../../../src/data/preprocessing/data-shape.ts";
import type { PreparedArrays, SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { Metrics } from "../../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactFit } from "../../../src/engine/exact/exact-fit.ts";
import type { ExactPlan } from "../../../src/engine/exact/exact-plan.ts";
import { pinballLevels } from "../../../src/engine/nn/pinball.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { namedMetrics } from "../../../src/engine/train/fitting/evaluate.ts";
import { splits } from "../../../src/engine/train/planning/training.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import type { SolvedColumns } from "../../../src/stats/coefficients/solved-columns.ts";
import { columnsByFeature } from "../../../src/stats/inference/model-tests.ts";
import type { Clusters } from "../../../src/stats/inference/solved-fit.ts";
import { beat } from "../../engine/control.ts";
import { backgroundOf } from "../explaining/background.ts";
import { explainingSolution } from "../explaining/explained-rows.ts";
import { thresholdOf } from "../explaining/threshold.ts";
import { exposuresOf } from "../leading/counted-rows.ts";
import type { TrainingRunContext, TrainingRunEnd } from "../training-run.ts";
import { scoreRows } from "../trials/row-scores.ts";
import { reportExact } from "./exact-report.ts";
import type { ExactResults } from "./exact-results.ts";
import { pickSolved } from "./exact-rows.ts";
import { heldOutBySolution, judgeTest } from "./judge-test.ts";
import { answersOf, evaluateLinear } from "./linear-evaluation.ts";
import { forNetwork, type LinearWeights, toTensors, weightsFrom, withFurther } from "./linear-weights.ts";
import { solveExact, usualIterations } from "./solve-exact.ts";

type TrainArrays = SplitArrays & { places: Int32Array; clusters: Int32Array };
export type ExactArrays = Record<Split, SplitArrays> & { train: TrainArrays };

/** A job whose model is solved, and where its data lie. */
export interface ExactJob {
  plan: ExactPlan;
  spec: ResolvedJobSpec;
  shape: DataShape;
  memory: WebAssembly.Memory;
  arrays: ExactArrays;
  /** The inputs are standardised. */
  penalised: boolean;
}

const clustersOf = ({ training: { clusterBy } }: ResolvedJobSpec, ids: Int32Array): Clusters | null => {
  if (clusterBy === undefined) return null;
  // Numbers of other splits' rows are among them: what counts is how many there are here.
  const own = new Map([...new Set(ids)].map((id, i) => [id, i]));
  return { column: clusterBy, count: own.size, ids: ids.map((id) => own.get(id)!) };
};

/** Features whose likelihood ratios are computed at most, each by another fit, and what they may cost together. */
const [mostTests, mostTestFlops] = [60, 2e10];

interface Refits {
  ratios: ExactResults["ratios"];
  overallLost: number | null;
}

/** Twice the log-likelihood that a generalised linear model loses without each of its features; of a negative binomial, whose θ is another one then, also without all. */
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
): Promise<Refits> => {
  const known = fit.ending === "converged" && fit.indeterminate.length === 0 && plan.method === "newton";
  const none: Refits = { ratios: [], overallLost: null };
  if (!known) return none;
  const features = columnsByFeature({ columns, preprocessing });
  const flops = features.length * usualIterations * plan.flopsPerStep;
  if (features.length > mostTests || flops > mostTestFlops) return none;
  const solveWith = (kept: Int32Array): Promise<ExactFit> => {
    const wanted = { columns: kept, mostCovariances: 0 };
    const options = { resume: null, pulse, onIteration: async () => pulse() };
    return solveExact(plan, spec, arrays, wanted, memory, options);
  };
  const ratios: { feature: string; lost: number; degrees: number }[] = [];
  for (const { feature, positions } of features) {
    const { objective, ending } = await solveWith(columns.filter((_, j) => !positions.includes(j)));
    const degrees = (positions.length * fit.coefficients.length) / columns.length;
    if (ending === "converged") ratios.push({ feature, lost: 2 * (objective - fit.objective), degrees });
  }
  if (plan.model !== "negative_binomial" || columns.length < 2) return { ratios, overallLost: null };
  const { objective, ending } = await solveWith(columns.filter((column) => column < 0));
  return { ratios, overallLost: ending === "converged" ? 2 * (objective - fit.objective) : null };
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
  if (method === "simplex") {
    const ended = ending === "converged" ? "solved as a linear program" : "the linear program did not come to its end";
    const message = `${ended}, after ${iterations} vertices`;
    onEvent({ level: ending === "converged" ? "info" : "warn", type: "solved", message, data });
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
    theta,
  }: {
    preprocessing: Preprocessing;
    arrays: PreparedArrays;
    weights: LinearWeights;
    metrics: Metrics;
    theta: number | null;
  },
): Tensor[] | null => {
  const { validation } = arrays;
  if (trial === null || validation.labels === null || validation.labels.length === 0) return null;
  const rows = spreadRows(validation.labels.length, 1);
  const outputs = answersOf(plan.model, weights, validation, rows);
  const answers = { split: "validation" as const, rows, outputs };
  const { validationLoss: meanLoss } = metrics;
  return scoreRows({
    ...{ spec, preprocessing, labels: validation.labels, answers, ownUnits: true, meanLoss, theta },
    ...{ weights: validation.weights ?? null, exposures: exposuresOf(validation, rows) },
  });
};

/** What the model says of the validation rows. */
const validated = (plan: ExactPlan, weights: LinearWeights, { validation }: PreparedArrays) => {
  const labels = validation.labels ?? [];
  const outputs = answersOf(plan.model, weights, validation, spreadRows(labels.length, plan.outputs));
  return { outputs, labels, weights: validation.weights };
};

/** Reports a solved fit and makes its model; of a fold what it says of the rows held out is all. */
export const completeExact = async (
  { plan, spec, shape, memory, arrays, penalised }: ExactJob,
  context: TrainingRunContext,
  solved: SolvedColumns,
  { fit, further, shifts }: { fit: ExactFit; further: readonly ExactFit[]; shifts: Float64Array | null },
  pulse: () => void,
): Promise<TrainingRunEnd> => {
  const [{ preprocessing }, { columns, terms }] = [context, solved];
  const weights = withFurther(
    weightsFrom(fit.coefficients, columns, { inputs: plan.inputs, outputs: plan.outputs - further.length }),
    further.map((own) => weightsFrom(own.coefficients, columns, { inputs: plan.inputs, outputs: 1 })),
  );
  const labelScale = preprocessing.label.type === "number" ? preprocessing.label.scale : 1;
  const metrics: Metrics = {};
  const theta = fit.dispersion?.estimate ?? null;
  const levels = pinballLevels(spec.loss);
  context.onPhase("evaluate");
  for (const split of splits) {
    const measured = evaluateLinear({ model: plan.model, theta, levels }, weights, arrays[split], labelScale);
    if (measured !== null) Object.assign(metrics, namedMetrics(split, measured, 1));
    pulse();
  }
  const fitted = { preprocessing, arrays, weights, metrics, theta };
  const network = forNetwork(weights, preprocessing, { standardised: penalised, shifts });
  const { parameters } = plan;
  if (context.judges)
    return { type: "judged", metrics, judged: judgeTest(plan, spec, fitted), tensors: toTensors(network), parameters };
  const rows = { pick: pickSolved(arrays), total: shape.trainRows };
  const background = backgroundOf(preprocessing, rows, { ownUnits: !penalised, shifts }, true);
  if (context.refits) return { type: "refitted", tensors: toTensors(network), parameters, background };
  context.onPhase("report");
  const own = { fit, preprocessing, memory, pulse };
  const refits =
    terms === null ? { ratios: [], overallLost: null } : await likelihoodRatios(plan, spec, arrays, solved, own);
  for (const each of [fit, ...further]) tellEnding(each, context);
  const threshold = thresholdOf(spec, () => validated(plan, weights, arrays));
  const report = reportExact({
    ...{ spec, preprocessing, arrays, model: plan.model, weights, network, fit, columns, terms, metrics },
    ...{ ...refits, shifts, threshold },
    places: arrays.train.places,
    clusters: clustersOf(spec, arrays.train.clusters),
    budget: explainingSolution(shape, plan),
    onSeparated: (message) => context.onEvent({ level: "warn", type: "separated", message, data: {} }),
    beat: () => beat(context.control),
  });
  const scores = scoreValidation(context, plan, spec, fitted);
  return {
    ...(spec.training.learningCurve === undefined ? {} : { judged: judgeTest(plan, spec, fitted) }),
    type: "completed",
    tensors: toTensors(network),
    parameters,
    metrics,
    report,
    scores,
    background,
    threshold,
    heldOut: heldOutBySolution(plan, spec, fitted),
  };
};
