import { assert } from "../../domain/errors.ts";
import { inverseOfFactor } from "./cholesky.ts";
import { createNegativeBinomial } from "./counts/negative-binomial.ts";
import { covarianceToInputUnits, type Pulse, scaleColumns, toInputUnits } from "./design.ts";
import type { ExactFit, ExactState, ExactTask } from "./exact-fit.ts";
import { families } from "./families.ts";
import { fitLbfgs, type LbfgsOptions, type Memory } from "./lbfgs.ts";
import { fitLeastSquares } from "./least-squares.ts";
import { type FamilyAt, fitNewton, type Progress, startProgress } from "./newton.ts";
import { objectiveOf, squares } from "./objectives.ts";
import {
  asGiven,
  curvaturesOf,
  deviationsOf,
  embed,
  finish,
  inverseOf,
  type Problem,
  pose,
  startOf,
} from "./posing/problem.ts";
import { fitQuantile } from "./quantile/fit-quantile.ts";
import { createRowWork } from "./quantile/row-work.ts";
import { kernelCovariance } from "./quantile/sandwich.ts";
import { indeterminate, shareOut } from "./share-out.ts";
import { softmaxObjective, softmaxSize } from "./softmax.ts";
import { fitSoftmaxNewton } from "./softmax-newton.ts";
import { square } from "./square.ts";
import { triangleDoubles } from "./triangle.ts";

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

const fitLinear = (task: ExactTask, pulse: Pulse): ExactFit => {
  const { features, columns, penalty } = task;
  const design = penalty > 0 ? asGiven(task) : scaleColumns(features, columns);
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

/** The pairs of L-BFGS among a checkpoint's tensors. */
const memoryOf = (resume: ExactState | null): Memory => {
  const of = (name: string): Float64Array[] =>
    Object.entries(resume?.tensors ?? {})
      .filter(([key]) => key.startsWith(`${name}.`))
      .sort(([a], [b]) => Number(a.slice(name.length + 1)) - Number(b.slice(name.length + 1)))
      .map(([, values]) => Float64Array.from(values));
  return { steps: of("steps"), changes: of("changes") };
};

interface Solved extends Pick<ExactFit, "dispersion"> {
  readonly ending: ExactFit["ending"];
  readonly inverse: Float64Array | null;
  /** What of the log-likelihood the coefficients have no part in. */
  readonly beside?: number;
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
  assert(
    model !== "negative_binomial" && model !== "quantile",
    "counts of unknown dispersion, and quantiles, have methods of their own",
  );
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
  assert(
    model !== "linear" && model !== "quantile",
    "numbers are solved by QR or L-BFGS, quantiles from vertex to vertex",
  );
  const counts = model === "negative_binomial" ? createNegativeBinomial(own, task) : null;
  const family: FamilyAt = model === "negative_binomial" ? counts!.familyAt : families[model];
  const memory = work.subarray(0, triangleDoubles(own.columns.length));
  const options = { ...common, memory, curvatures: softmax.curvatures };
  const { ending, ranked } = await fitNewton(own, task, family, beta, progress, options);
  const inverse = wanted && ranked.dependent.length === 0 ? inverseOf(ranked) : null;
  if (counts === null) return { ending, inverse };
  const { dispersion, rising } = counts.last();
  return { ending, inverse, dispersion, beside: rising };
};

const byVertices = async (problem: Problem, { resume, pulse, onIteration }: ExactOptions): Promise<ExactFit> => {
  const { task, design, ranked, own } = problem;
  const { columns, quantile: tau, rowWork } = task;
  assert(tau !== undefined, "the level of a quantile is known");
  const work = createRowWork(rowWork, own.rows);
  const basis = resume?.tensors.basis;
  const { step: pivots = 0, progress } = resume?.meta ?? {};
  const fit = await fitQuantile(own, task, tau, {
    start: basis === undefined ? null : { basis, pivots, round: progress?.iteration ?? 0 },
    work,
    pulse,
    onRound: (at) =>
      onIteration(
        { version: 1, step: at.pivots, progress: { ...startProgress(), iteration: at.round, objective: at.objective } },
        { basis: at.basis, coefficients: new Float64Array(own.columns.length) },
        1,
      ),
  });
  const { coefficients, objective, gap, unique, converged, pivots: iterations } = fit;
  const wanted = converged && own.columns.length <= task.mostCovariances;
  const inverse = wanted ? kernelCovariance(own, task, tau, coefficients, work, pulse) : null;
  const whole = inverse && embed(inverse, ranked?.kept ?? [], columns.length, 1);
  return {
    ...{
      method: "simplex",
      ending: converged ? "converged" : "not_converged",
      iterations,
      lastStep: null,
      refinements: 0,
    },
    ...{ objective, vertex: { gap, unique } },
    coefficients: finish(problem, coefficients),
    covariance: whole && covarianceToInputUnits(design, whole, 1),
    indeterminate: ranked === null ? [] : indeterminate(ranked, design),
    rank: ranked === null ? columns.length : ranked.kept.length,
  };
};

/**
 * The coefficients that fit best: linear ones by QR, quantiles at a vertex of their linear program, others by Newton's method, the largest by L-BFGS. The bits depend on the task alone, and not on where a fit
 * was cut and resumed.
 */
export const fitExact = async (task: ExactTask, options: ExactOptions): Promise<ExactFit> => {
  const { method, columns } = task;
  const { pulse, resume } = options;
  if (method === "qr") return fitLinear(task, pulse);
  const problem = pose(task, pulse);
  if (method === "simplex") return byVertices(problem, options);
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
  const {
    ending,
    inverse,
    beside = 0,
    ...found
  } = method === "lbfgs"
    ? await byLbfgs(problem, beta, progress, memory, common)
    : await byNewton(problem, beta, progress, common);
  const last = progress.decrements.at(-1);
  const whole = inverse && embed(inverse, ranked?.kept ?? [], columns.length, contrasts);
  return {
    ...{ method, ending, iterations: progress.iteration, refinements: 0 },
    coefficients: finish(problem, beta),
    ...found,
    objective: (progress.objective ?? Number.NaN) - beside,
    lastStep: last === undefined ? null : Math.sqrt(Math.max(0, last)),
    covariance: whole && covarianceToInputUnits(design, whole, contrasts),
    indeterminate: ranked === null ? [] : indeterminate(ranked, design),
    rank: ranked === null ? columns.length : ranked.kept.length,
  };
};
