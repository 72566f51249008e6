import type { PreparedArrays } from "../../../src/data/preprocessing/prepare.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { LossSpec } from "../../../src/domain/jobs/spec/parts/loss-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import type { ExactModel } from "../../../src/engine/exact/exact-plan.ts";
import { fitExact } from "../../../src/engine/exact/fit-exact.ts";
import { rowWorkDoubles } from "../../../src/engine/exact/quantile/row-work.ts";
import { square } from "../../../src/engine/exact/square.ts";
import { triangleDoubles } from "../../../src/engine/exact/triangle.ts";
import { gatherRows, tableOf } from "../../../src/engine/tensor/table.ts";
import { spreadRows } from "../../../src/engine/train/fitting/collect-answers.ts";
import { solvedColumns } from "../../../src/stats/coefficients/solved-columns.ts";
import { type PickRows, pickedParts } from "../explaining/picked-rows.ts";
import { answersOf } from "./linear-evaluation.ts";
import { weightsFrom } from "./linear-weights.ts";

/** Operations of one pass over the training rows, and rows, that the comparison may take: a second or two in all. */
const mostFlops = 1.5e8;
const mostRows = 100_000;
const mostIterations = 50;

/** What the linear model says that is fitted to the same rows. */
export interface LinearBaseline {
  readonly model: "linear" | "softmax" | "poisson" | "gamma" | "quantile";
  /** rows × outputs: probabilities of all classes, rates of one unit, or values as the labels in the arrays are. */
  readonly outputs: Float64Array;
  /** 0, unless without a penalty it would have no end. */
  readonly l2: number;
  readonly trainRows: number;
}

const modelOf = (loss: LossSpec, { label }: Preprocessing): LinearBaseline["model"] => {
  if (label.type === "classes") return "softmax";
  if (loss.type === "poisson_nll") return "poisson";
  if (loss.type === "gamma_nll") return "gamma";
  return loss.type === "pinball" ? "quantile" : "linear";
};

const methods = { linear: "qr", softmax: "newton", poisson: "newton", gamma: "newton", quantile: "simplex" } as const;
/** How many times as much a linear program takes as one pass of a matrix, for each of its columns. */
const programPasses = 2;

/**
 * The exact linear model of the same training rows and inputs, asked about rows of a split: is the network worth it? With a penalty of one standard deviation
 * of prior on each weight where rows are separated or columns depend on each other. Null where it would take too long, or inputs are pixels of images.
 */
export const linearBaseline = async (
  {
    loss,
    preprocessing,
    arrays,
    pick,
  }: { loss: LossSpec; preprocessing: Preprocessing; arrays: PreparedArrays; pick: PickRows },
  split: Split,
  asked: Int32Array,
  pulse: () => void,
): Promise<LinearBaseline | null> => {
  const { inputs, label, features: transforms } = preprocessing;
  const { labels, weights, offsets } = arrays.train;
  if (labels === null || transforms.some(({ type }) => type === "image")) return null;
  const model = modelOf(loss, preprocessing);
  const classes = label.type === "classes" ? label.classes.length : 1;
  const size = (inputs + 1) * (model === "softmax" ? classes : 1);
  const passFlops = 2 * square(size) * (model === "quantile" ? programPasses * size : 1);
  const rows = spreadRows(labels.length, 1, Math.min(mostRows, Math.floor(mostFlops / passFlops)));
  if (rows.length < Math.min(labels.length, 5 * size)) return null;
  const picked = new Float64Array(rows.length * inputs);
  for (const part of pickedParts(pick, "train", rows))
    picked.set(gatherRows(tableOf(part.features, inputs), part.rows), part.first * inputs);
  const task = {
    ...{ model, method: methods[model], features: tableOf(picked, inputs) },
    ...(loss.type === "pinball" ? { quantile: loss.quantile } : {}),
    ...{ labels: Float64Array.from(rows, (row) => labels[row]!), classes, mostIterations, mostCovariances: 0 },
    weights: weights === undefined ? null : Float64Array.from(rows, (row) => weights[row]!),
    offsets: offsets === undefined ? null : Float64Array.from(rows, (row) => offsets[row]!),
    work: new Float64Array(model === "softmax" ? square(size) : triangleDoubles(size)),
    rowWork: new Float64Array(model === "quantile" ? rowWorkDoubles(rows.length) : 0),
  };
  const options = { resume: null, pulse, onIteration: async () => pulse() };
  const answer = async (penalty: number): Promise<LinearBaseline | null> => {
    const { columns } = solvedColumns(preprocessing, tableOf(picked, inputs), {
      penalised: penalty > 0,
      intercept: true,
    });
    const fit = await fitExact({ ...task, columns, penalty }, options);
    // A vertex is a solution, whichever columns depend on each other.
    const isDetermined = model === "quantile" || fit.indeterminate.length === 0;
    if (penalty === 0 && (fit.ending !== "converged" || !isDetermined)) return null;
    const weights = weightsFrom(fit.coefficients, columns, { inputs, outputs: classes });
    const outputs = new Float64Array(asked.length * classes);
    for (const part of pickedParts(pick, split, asked))
      outputs.set(answersOf(model as ExactModel, weights, part, part.rows), part.first * classes);
    const l2 = (penalty * (model === "linear" ? 2 : 1)) / rows.length;
    return { model, outputs, l2, trainRows: rows.length };
  };
  return (await answer(0)) ?? (model === "quantile" ? null : await answer(1));
};
