import { assert } from "../../domain/errors.ts";
import { inverseOfFactor } from "./cholesky.ts";
import {
  covarianceToInputUnits,
  type Design,
  momentsOf,
  type Observed,
  onlyColumns,
  type Pulse,
  scaleColumns,
  standardiseColumns,
  toInputUnits,
} from "./design.ts";
import type { ExactFit, ExactState } from "./exact-fit.ts";
import type { ExactMethod, ExactModel } from "./exact-plan.ts";
import { families } from "./families.ts";
import { fitLbfgs, type LbfgsOptions, type Memory } from "./lbfgs.ts";
import { fitLeastSquares, rankOf } from "./least-squares.ts";
import { fitNewton, type Progress, startProgress } from "./newton.ts";
import { objectiveOf, rateOf, squares } from "./objectives.ts";
import { indeterminate, shareOut } from "./share-out.ts";
import { type Softmax, softmaxObjective, softmaxSize } from "./softmax.ts";
import { fitSoftmaxNewton } from "./softmax-newton.ts";
import { square } from "./square.ts";
import { inverseOfSquare, type Ranked, triangleDoubles } from "./triangle.ts";

/** What is to be solved. */
export interface ExactTask extends Observed {
  readonly model: ExactModel;
  readonly method: ExactMethod;
  /** rows × inputs, row-major. */
  readonly features: Float64Array;
  readonly inputs: number;
  readonly classes: number;
  /** Which input each column of the predictor is; the first is −1, the column of ones. */
  readonly columns: Int32Array;
  /**
   * c of Σ −w·ln p + ½ c Σ β² (of Σ w (y − ŷ)² + c Σ β² for numbers), over all coefficients but the intercepts, in the units that the features are in; 0: no
   * penalty.
   */
  readonly penalty: number;
  readonly mostIterations: number;
  /** Doubles that the method's matrix may take. */
  readonly work: Float64Array;
  /** Columns times contrasts whose covariances are wanted at most. */
  readonly mostCovariances: number;
}

export interface ExactOptions {
  readonly resume: ExactState | null;
  /** Called every few hundred rows. */
  readonly pulse: Pulse;
  /** The state after each iteration: a checkpoint may keep it. */
  readonly onIteration: (
    state: Omit<ExactState["meta"], "computedMs">,
    tensors: ExactState["tensors"],
    step: number,
  ) => Promise<void>;
}

const curvaturesOf = ({ penalty, columns }: ExactTask, contrasts: number): Float64Array | null =>
  penalty === 0
    ? null
    : Float64Array.from({ length: contrasts * columns.length }, (_, i) => (i % columns.length === 0 ? 0 : penalty));

const deviationsOf = (design: Design): Float64Array => {
  const { columns, features, inputs, rows, factors } = design;
  const moments = momentsOf(features, rows, inputs);
  return Float64Array.from(columns, (input, j) => (input < 0 ? 0 : Math.sqrt(moments.squares[input]!) * factors[j]!));
};

/** The inputs as they are. */
const asGiven = ({ features, inputs, labels, columns }: ExactTask): Design => ({
  ...{ rows: labels.length, features, inputs, columns },
  centers: new Float64Array(columns.length),
  factors: new Float64Array(columns.length).fill(1),
});

/** A matrix of the kept columns in each contrast, at their places among all; zeros elsewhere. */
const embed = (matrix: Float64Array, kept: readonly number[], width: number, contrasts: number): Float64Array => {
  const [small, size] = [contrasts * kept.length, contrasts * width];
  if (kept.length === 0 || small === size) return matrix;
  const placeOf = (i: number): number => Math.floor(i / kept.length) * width + kept[i % kept.length]!;
  const out = new Float64Array(size * size);
  for (let i = 0; i < small; i++)
    for (let j = 0; j < small; j++) out[placeOf(i) * size + placeOf(j)] = matrix[i * small + j]!;
  return out;
};

/** (XᵀX)⁻¹ of the kept columns as they are scaled, of generalised models (XᵀWX + penalty)⁻¹: costs n³, so that only who wants it computes it. */
const inverseOf = ({ upper, kept }: Ranked): Float64Array => inverseOfSquare(upper, kept.length);

const fitLinear = (task: ExactTask, pulse: Pulse): ExactFit => {
  const { features, inputs, labels, columns, penalty } = task;
  const design = penalty > 0 ? asGiven(task) : scaleColumns(features, labels.length, inputs, columns);
  const fit = fitLeastSquares(design, task, curvaturesOf(task, 1), task.work, pulse);
  const { coefficients, ranked } = fit;
  if (ranked.dependent.length > 0) shareOut(ranked, design, coefficients, deviationsOf(design));
  return {
    ...{ method: "qr", ending: "converged", iterations: 1, lastStep: null, refinements: fit.refinements },
    objective: fit.squares,
    coefficients: toInputUnits(design, coefficients),
    covariance:
      columns.length <= task.mostCovariances
        ? covarianceToInputUnits(design, embed(inverseOf(ranked), ranked.kept, columns.length, 1), 1)
        : null,
    indeterminate: indeterminate(ranked, design),
    rank: ranked.kept.length,
  };
};

/** What is iterated on: independent columns, of mean 0 and deviation 1 where no penalty asks for the inputs as they are. */
interface Problem {
  readonly task: ExactTask;
  readonly design: Design;
  /** The columns that depend on others; null: none do. */
  readonly ranked: Ranked | null;
  /** Without those. */
  readonly own: Design;
  readonly contrasts: number;
  readonly softmax: Softmax;
}

const pose = (task: ExactTask, pulse: Pulse): Problem => {
  const { model, features, inputs, labels, weights, columns, classes, penalty } = task;
  const rows = labels.length;
  const design = penalty > 0 ? asGiven(task) : standardiseColumns(features, rows, inputs, columns);
  const judged = penalty === 0 && task.work.length > 0;
  const found = judged ? rankOf(design, task.weights, new Float64Array(triangleDoubles(columns.length)), pulse) : null;
  const ranked = found !== null && found.dependent.length > 0 ? found : null;
  const own = ranked === null ? design : onlyColumns(design, ranked.kept);
  const first = penalty > 0 ? 0 : 1;
  const contrasts = model === "softmax" ? classes - first : 1;
  const curvatures = curvaturesOf({ ...task, columns: own.columns }, contrasts);
  return {
    task,
    design,
    ranked,
    own,
    contrasts,
    softmax: { design: own, labels, weights, classes, first, curvatures },
  };
};

/** Where the coefficients start: zeros, but for the intercept of a single predictor. */
const startOf = ({ task, own, contrasts }: Problem): Float64Array => {
  const { model, labels, weights, offsets } = task;
  const beta = new Float64Array(contrasts * own.columns.length);
  if (model !== "logistic" && model !== "poisson") return beta;
  let mean = 0;
  if (weights === null && offsets === null) for (const label of labels) mean += label / labels.length;
  else mean = rateOf(task);
  const start = families[model].start(mean);
  if (Number.isFinite(start)) beta[0] = start;
  return beta;
};

/** The pairs of L-BFGS among a checkpoint's tensors. */
const memoryOf = (resume: ExactState | null): Memory => {
  const of = (name: string): Float64Array[] =>
    Object.entries(resume?.tensors ?? {})
      .filter(([key]) => key.startsWith(`${name}.`))
      .sort(([a], [b]) => Number(a.slice(name.length + 1)) - Number(b.slice(name.length + 1)))
      .map(([, values]) => Float64Array.from(values));
  return { steps: of("steps"), changes: of("changes") };
};

interface Solved {
  readonly ending: ExactFit["ending"];
  readonly inverse: Float64Array | null;
}

type Common = Pick<LbfgsOptions, "mostIterations" | "pulse" | "onIteration">;

const byLbfgs = async (
  { task, own, softmax }: Problem,
  beta: Float64Array,
  progress: Progress,
  memory: Memory,
  common: Common,
): Promise<Solved> => {
  const { model, labels } = task;
  const { pulse } = common;
  const objective =
    model === "softmax"
      ? (at: Float64Array, gradient: Float64Array) => softmaxObjective(softmax, at, gradient, pulse)
      : objectiveOf(own, task, model === "linear" ? squares : families[model], softmax.curvatures, pulse);
  const ending = await fitLbfgs(beta, progress, memory, { ...common, objective, rows: labels.length });
  return { ending, inverse: null };
};

const byNewton = async (
  { task, own, softmax, contrasts }: Problem,
  beta: Float64Array,
  progress: Progress,
  common: Common,
): Promise<Solved> => {
  const { model, work } = task;
  const wanted = contrasts * own.columns.length <= task.mostCovariances;
  if (model === "softmax") {
    const memory = work.subarray(0, square(softmaxSize(softmax)));
    const { ending, factor } = await fitSoftmaxNewton(softmax, beta, progress, { ...common, memory });
    return { ending, inverse: wanted && ending === "converged" ? inverseOfFactor(factor) : null };
  }
  assert(model !== "linear", "numbers are solved by QR or L-BFGS");
  const memory = work.subarray(0, triangleDoubles(own.columns.length));
  const options = { ...common, memory, curvatures: softmax.curvatures };
  const { ending, ranked } = await fitNewton(own, task, families[model], beta, progress, options);
  return { ending, inverse: wanted && ranked.dependent.length === 0 ? inverseOf(ranked) : null };
};

/** The coefficients of all columns, in the units of the inputs. */
const finish = ({ design, ranked, own, contrasts }: Problem, beta: Float64Array): Float64Array => {
  const [width, all] = [own.columns.length, design.columns.length];
  const coefficients = new Float64Array(contrasts * all);
  for (let k = 0; k < contrasts; k++) {
    const part = beta.subarray(k * width, (k + 1) * width);
    const out = coefficients.subarray(k * all, (k + 1) * all);
    if (ranked === null) out.set(part);
    else {
      for (const [i, j] of ranked.kept.entries()) out[j] = part[i]!;
      shareOut(ranked, design, out, new Float64Array(all).fill(1));
    }
    toInputUnits(design, out);
  }
  return coefficients;
};

/**
 * The coefficients that fit best: linear ones by QR, others by Newton's method, the largest by L-BFGS. The bits depend on the task alone, and not on where a fit
 * was cut and resumed.
 */
export const fitExact = async (task: ExactTask, options: ExactOptions): Promise<ExactFit> => {
  const { method, columns } = task;
  const { pulse, resume } = options;
  if (method === "qr") return fitLinear(task, pulse);
  const problem = pose(task, pulse);
  const { design, ranked, contrasts } = problem;
  const progress: Progress = structuredClone(resume?.meta.progress) ?? startProgress();
  const beta = startOf(problem);
  const saved = resume?.tensors.coefficients;
  assert(saved === undefined || saved.length === beta.length, "the checkpoint's coefficients fit the plan");
  if (saved !== undefined) beta.set(saved);
  const memory = memoryOf(resume);
  const onIteration = (at: Progress, step: number): Promise<void> => {
    const named = (name: string, vectors: readonly Float64Array[]) =>
      Object.fromEntries(vectors.map((values, i) => [`${name}.${i}`, values]));
    const tensors = { coefficients: beta, ...named("steps", memory.steps), ...named("changes", memory.changes) };
    return options.onIteration({ version: 1, step: at.iteration, progress: at }, tensors, step);
  };
  const common = { mostIterations: task.mostIterations, pulse, onIteration };
  const { ending, inverse } =
    method === "lbfgs"
      ? await byLbfgs(problem, beta, progress, memory, common)
      : await byNewton(problem, beta, progress, common);
  const last = progress.decrements.at(-1);
  const whole = inverse && embed(inverse, ranked?.kept ?? [], columns.length, contrasts);
  return {
    ...{ method, ending, iterations: progress.iteration, refinements: 0 },
    coefficients: finish(problem, beta),
    objective: progress.objective ?? Number.NaN,
    lastStep: last === undefined ? null : Math.sqrt(Math.max(0, last)),
    covariance: whole && covarianceToInputUnits(design, whole, contrasts),
    indeterminate: ranked === null ? [] : indeterminate(ranked, design),
    rank: ranked === null ? columns.length : ranked.kept.length,
  };
};
