import { type Design, momentsOf, onlyColumns, type Pulse, standardiseColumns, toInputUnits } from "../design.ts";
import type { ExactTask } from "../exact-fit.ts";
import { families } from "../families.ts";
import { rankOf } from "../least-squares.ts";
import { rateOf } from "../objectives.ts";
import { shareOut } from "../share-out.ts";
import type { Softmax } from "../softmax.ts";
import { inverseOfSquare, type Ranked, triangleDoubles } from "../triangle.ts";
import { areClearlyIndependent } from "./independent.ts";

export const curvaturesOf = ({ penalty, columns }: ExactTask, contrasts: number): Float64Array | null =>
  penalty === 0
    ? null
    : Float64Array.from({ length: contrasts * columns.length }, (_, i) => (i % columns.length === 0 ? 0 : penalty));

export const deviationsOf = (design: Design): Float64Array => {
  const { columns, features, factors } = design;
  const moments = momentsOf(features);
  return Float64Array.from(columns, (input, j) => (input < 0 ? 0 : Math.sqrt(moments.squares[input]!) * factors[j]!));
};

/** The inputs as they are. */
export const asGiven = ({ features, columns }: ExactTask): Design => ({
  ...{ rows: features.rows, features, columns },
  centers: new Float64Array(columns.length),
  factors: new Float64Array(columns.length).fill(1),
});

/** A matrix of the kept columns in each contrast, at their places among all; zeros elsewhere. */
export const embed = (
  matrix: Float64Array,
  kept: readonly number[],
  width: number,
  contrasts: number,
): Float64Array => {
  const [small, size] = [contrasts * kept.length, contrasts * width];
  if (kept.length === 0 || small === size) return matrix;
  const placeOf = (i: number): number => Math.floor(i / kept.length) * width + kept[i % kept.length]!;
  const out = new Float64Array(size * size);
  for (let i = 0; i < small; i++)
    for (let j = 0; j < small; j++) out[placeOf(i) * size + placeOf(j)] = matrix[i * small + j]!;
  return out;
};

/** (XᵀX)⁻¹ of the kept columns as they are scaled, of generalised models (XᵀWX + penalty)⁻¹: costs n³, so that only who wants it computes it. */
export const inverseOf = ({ upper, kept }: Ranked): Float64Array => inverseOfSquare(upper, kept.length);

/** What is iterated on: independent columns, of mean 0 and deviation 1 where no penalty asks for the inputs as they are. */
export interface Problem {
  readonly task: ExactTask;
  readonly design: Design;
  /** The columns that depend on others; null: none do. */
  readonly ranked: Ranked | null;
  /** Without those. */
  readonly own: Design;
  readonly contrasts: number;
  readonly softmax: Softmax;
}

export const pose = (task: ExactTask, pulse: Pulse): Problem => {
  const { model, features, labels, weights, columns, classes, penalty } = task;
  const design = penalty > 0 ? asGiven(task) : standardiseColumns(features, columns);
  const judged = penalty === 0 && task.work.length > 0;
  const work = (): Float64Array => new Float64Array(triangleDoubles(columns.length));
  const found =
    judged && !areClearlyIndependent(design, weights, pulse) ? rankOf(design, weights, work(), pulse) : null;
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
export const startOf = ({ task, own, contrasts }: Problem): Float64Array => {
  const { model, labels, weights, offsets } = task;
  const beta = new Float64Array(contrasts * own.columns.length);
  if (model === "linear" || model === "softmax" || model === "quantile") return beta;
  let mean = 0;
  if (weights === null && offsets === null) for (const label of labels) mean += label / labels.length;
  else mean = rateOf(task);
  const { start: startAt } = model === "logistic" ? families.logistic : families.poisson;
  const start = startAt(mean);
  if (Number.isFinite(start)) beta[0] = start;
  return beta;
};

/** The coefficients of all columns, in the units of the inputs. */
export const finish = ({ design, ranked, own, contrasts }: Problem, beta: Float64Array): Float64Array => {
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
