import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import { gradients } from "../../graph/gradients.ts";
import { createGraph, type Graph, type Value } from "../../graph/graph.ts";
import { columnsFrom } from "../../graph/ops/columns.ts";
import { add, scaled } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { squaredError } from "../../graph/ops/loss.ts";
import { argmax, describe } from "../../graph/ops/statistics.ts";
import { heldPredictor } from "../../nn/ensemble.ts";
import { labelType, lossValue, predictionValue } from "../../nn/losses.ts";
import { learnersOfJob, type TracedSpec, traceOfJob } from "../../nn/models.ts";
import { createScope, type Scope } from "../../nn/scope.ts";
import { columnsOf } from "../../tensor/shape.ts";
import { stagesOf } from "./freezing.ts";
import { hasOffset, isWeighted } from "./row-sources.ts";
import type { DataShape, EvaluationLayout, Split } from "./training.ts";

/** A model, its batch and its loss as a graph: not yet placed. */
export interface Traced {
  readonly graph: Graph;
  readonly scope: Scope;
  readonly output: Value;
  readonly labels: Value;
  /** How much each row counts, of mean 1 over its split; null: all the same. */
  readonly rowWeights: Value | null;
  /** The logarithm of what each row's count is of, which is added to the linear predictor; null: of one unit. */
  readonly offsets: Value | null;
  /** The mean over the learners of an ensemble. */
  readonly loss: Value;
  /** What is minimised: the sum over the learners, of which each has its own weights and so learns as it would alone. */
  readonly objective: Value;
}

export const isReconstruction = (spec: ResolvedJobSpec): boolean => spec.model.type === "autoencoder";

/** The leaf of a batch that is made anew for each step. */
export const fedFeatures = "fed.features";
/** The leaves of the ring that rows come through. */
export const ringLeaves = { rows: "ring.rows", slots: "ring.slots", cursor: "ring.cursor" } as const;

/** The ring's next rows. */
const ringFeatures = (graph: Graph, { inputs }: DataShape, ringRows: number, rows: number): Value =>
  gather(
    {
      data: graph.leaf(ringLeaves.rows, [ringRows, inputs]),
      indices: graph.leaf(ringLeaves.slots, [ringRows + rows], "i32"),
      cursor: graph.leaf(ringLeaves.cursor, [], "i32"),
    },
    { rows },
  ).out;

export interface BatchOptions {
  readonly training: boolean;
  /** The index vector that the rows are taken by: that of this epoch in training, else that of the file unless named. */
  readonly order?: "order" | "identity";
  /** What is frozen then. */
  readonly stage?: number;
  /** Of the mini-batch that these rows are a part of. */
  readonly batchRows?: number;
}

/** The linear predictor of what a row's count is of. What a model answers is without it: the rate of one unit. */
const moved = (x: Value, offsets: Value | null): Value => (offsets === null ? x : add({ a: x, b: offsets }, {}).out);

const learnt = (
  { loss: spec }: TracedSpec,
  learners: readonly Value[],
  truth: Pick<Traced, "labels" | "rowWeights" | "offsets">,
  batchRows: number,
) => {
  const held = (x: Value): Value => (learners.length === 1 ? x : heldPredictor(spec, x));
  const objective = learners
    .map((x) => lossValue(spec, moved(held(x), truth.offsets), truth, batchRows))
    .reduce((a, b) => add({ a, b }, {}).out);
  const loss = learners.length === 1 ? objective : scaled(objective, 1 / learners.length);
  return { output: learners[0]!, loss, objective };
};

/** Traces the model on `rows` rows of a split. */
export const traceBatch = (
  spec: TracedSpec,
  shape: DataShape,
  split: Split,
  rows: number,
  { training, order = training ? "order" : "identity", stage = 0, batchRows = rows }: BatchOptions,
): Traced => {
  const graph = createGraph();
  const { isFrozen } = stagesOf(spec);
  const scope = createScope(graph, training, (name) => isFrozen(name, stage), spec.base?.frozenBatchNorm);
  const splitRows = shape[`${split}Rows`];
  const indices = graph.leaf(order, [Math.max(1, splitRows)], "i32");
  const cursor = graph.leaf("state.cursor", [], "i32");
  const taken = (name: string, columns: readonly number[], dtype: "float" | "i32"): Value =>
    gather(
      { data: graph.leaf(`${split}.${name}`, [Math.max(1, splitRows), ...columns], dtype), indices, cursor },
      { rows },
    ).out;
  const features = (): Value => {
    if (shape.ringRows !== undefined) return ringFeatures(graph, shape, shape.ringRows, rows);
    return training && shape.imageBytes !== undefined
      ? graph.leaf(fedFeatures, [rows, shape.inputs])
      : taken("features", [shape.inputs], "float");
  };
  const x = features();
  const label = labelType(spec.loss, shape.outputs);
  const labels = isReconstruction(spec)
    ? x
    : label.dtype === "i32"
      ? taken("labels", [], "i32")
      : taken("labels", [label.columns], "float");
  const rowWeights = isWeighted(spec) ? taken("weights", [], "float") : null;
  const offsets = hasOffset(spec) ? taken("offsets", [1], "float") : null;
  const truth = { labels, rowWeights, offsets };
  if (training)
    return { graph, scope, ...truth, ...learnt(spec, learnersOfJob(spec)(scope, x, shape.outputs), truth, batchRows) };
  const output = traceOfJob(spec)(scope, x, shape.outputs);
  const loss = lossValue(spec.loss, moved(output, offsets), truth, batchRows);
  return { graph, scope, output, ...truth, loss, objective: loss };
};

/** Gradients of the loss for the parameters that are learnt, by name. */
export const parameterGradients = (traced: Traced): Map<string, Value> => {
  const learnt = [...traced.scope.declarations.values()].filter(
    ({ kind, name, layer, fixed }) =>
      kind === "parameter" && fixed !== true && !traced.scope.isFrozen(layer) && !traced.scope.isFrozen(name),
  );
  const values = gradients(
    traced.objective,
    learnt.map(({ name, shape }) => traced.graph.leaf(name, shape)),
  );
  const zero = (shape: readonly number[]): Value =>
    traced.graph.constant(new Array(shape.reduce((a, b) => a * b, 1)).fill(0), shape);
  return new Map(learnt.map(({ name, shape }, index) => [name, values[index] ?? zero(shape)]));
};

export const evaluationKind = (spec: ResolvedJobSpec): EvaluationLayout["kind"] => {
  if (isReconstruction(spec)) return "reconstruction";
  if (spec.loss.type === "cross_entropy") return "classes";
  return spec.loss.type === "binary_cross_entropy" ? "logit" : "regression";
};

/** What an evaluation is asked for: the loss, and what its metrics are counted from. */
export const evaluationValues = (
  spec: ResolvedJobSpec,
  traced: Traced,
): { readonly answers: Value | null; readonly squaredError: Value | null } => {
  const { output, labels, rowWeights, offsets, graph } = traced;
  const kind = evaluationKind(spec);
  if (kind === "classes") return { answers: argmax({ x: output }, {}).out, squaredError: null };
  if (kind === "logit") return { answers: output, squaredError: null };
  const columns = columnsOf(labels.shape);
  const prediction =
    // The first of mean and variance, and of several quantiles.
    columnsOf(output.shape) > columns
      ? columnsFrom(output, 0, columns)
      : predictionValue(spec.loss, moved(output, offsets));
  const factor = 1 / (prediction.shape[0]! * columns);
  const scale = graph.constant([factor], [], "f64");
  return {
    answers: null,
    squaredError: squaredError({ x: prediction, targets: labels, scale, rowWeights }, { factor }).out,
  };
};

/** Descriptions of every layer's output. */
export const activityValues = (traced: Traced) =>
  traced.scope.activities.map(({ layer, value, rectified }) => {
    const { out, squares, seen } = describe({ x: value }, {});
    return { layer, rectified, value, out, squares, seen };
  });
