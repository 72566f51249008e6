import type { ResolvedJobSpec } from "../../../domain/jobs/spec/job-spec.ts";
import type { Constant } from "../../graph/graph.ts";
import { hyperBytes } from "../../kernels/families/optimisers.ts";
import { classWeightLeaves, labelType } from "../../nn/losses.ts";
import { ruleOf } from "../../optim/rules.ts";
import { syncBytes } from "../../parallel/barrier.ts";
import { bytesOf } from "../../tensor/dtype.ts";
import { createLayout, type Layout } from "../../tensor/layout.ts";
import { columnsOf, type Shape, sizeOf } from "../../tensor/shape.ts";
import { spillBytes } from "../../tensor/spill-format.ts";
import { digestBytes, ringBytes } from "../ring/ring-words.ts";
import type { ModelPlacement } from "./place-model.ts";
import type { Trunk } from "./plan-trunk.ts";
import { evaluationKind, isReconstruction, type Traced } from "./programs.ts";
import { type FeedPlan, hasOffset, isWeighted, type RingPlan, type SpillPlan } from "./row-sources.ts";
import {
  type DataShape,
  type EvaluationLayout,
  type FloatRegion,
  type PlacedTensor,
  type Split,
  type SplitPlacement,
  type StatisticsLayout,
  splits,
  type TrainingLayout,
} from "./training.ts";

/** The first bytes are nobody's: offset 0 means "no tensor", and the module's own data may lie here. */
const firstByte = 4096;

const placed = (layout: Layout, name: string, shape: Shape, dtype: PlacedTensor["dtype"]): PlacedTensor => ({
  name,
  shape,
  dtype,
  offset: layout.place(Math.max(1, sizeOf(shape)) * bytesOf(dtype, 4)),
});

const placeData = (layout: Layout, spec: ResolvedJobSpec, shape: DataShape): Record<Split, SplitPlacement> => {
  const label = labelType(spec.loss, shape.outputs);
  const place = (split: Split): SplitPlacement => {
    const rows = shape[`${split}Rows`];
    const held = shape.ringRows === undefined ? rows : 0;
    const features = placed(layout, `${split}.features`, [held, shape.inputs], "float");
    const labelShape = label.dtype === "i32" ? [rows] : [rows, label.columns];
    const labels = isReconstruction(spec) ? null : placed(layout, `${split}.labels`, labelShape, label.dtype);
    const weights = isWeighted(spec) ? placed(layout, `${split}.weights`, [rows], "float") : null;
    const offsets = hasOffset(spec) ? placed(layout, `${split}.offsets`, [rows, 1], "float") : null;
    return { rows, features, labels, weights, offsets };
  };
  return { train: place("train"), validation: place("validation"), test: place("test") };
};

const placeFeed = (
  layout: Layout,
  { imageBytes, trainRows, inputs, ringRows }: DataShape,
  rows: number,
): FeedPlan | null => {
  if (imageBytes === undefined || ringRows !== undefined) return null;
  const pixelsOffset = layout.place(trainRows * imageBytes);
  return { pixelsOffset, imageBytes, features: { offset: layout.place(4 * rows * inputs), count: rows * inputs } };
};

const planSpill = (shape: DataShape, positionsOffset: number): SpillPlan => {
  const rows = { train: shape.trainRows, validation: shape.validationRows, test: shape.testRows };
  return { rows, bytes: spillBytes(rows, shape.inputs), positionsOffset };
};

/** @param most rows that are taken at once */
const placeRing = (layout: Layout, shape: DataShape, most: number, positionsOffset: number): RingPlan | null => {
  const { ringRows, inputs, spills = false } = shape;
  if (ringRows === undefined) return null;
  const stored = (split: Split) => {
    const rows = shape[`${split}Rows`];
    const [positionsOffset, lengthsOffset] = [layout.place(8 * rows), layout.place(4 * rows)];
    return { rows, positionsOffset, lengthsOffset, digestsOffset: layout.place(digestBytes * rows) };
  };
  return {
    ...{ rows: ringRows, inputs, rowsOffset: layout.place(4 * ringRows * inputs) },
    wordsOffset: layout.place(ringBytes),
    slots: { offset: layout.place(4 * (ringRows + most)), count: ringRows + most },
    cursorOffset: layout.place(4),
    stored: spills ? null : { train: stored("train"), validation: stored("validation"), test: stored("test") },
    spill: spills ? planSpill(shape, positionsOffset) : null,
  };
};

const placeEvaluation = (
  layout: Layout,
  spec: ResolvedJobSpec,
  { outputs }: DataShape,
  rows: number,
): EvaluationLayout => ({
  rows,
  kind: evaluationKind(spec),
  lossOffset: layout.place(4),
  squaredErrorOffset: layout.place(4),
  answersOffset: layout.place(4 * rows),
  outputsOffset: layout.place(4 * rows * outputs),
});

const placeStatistics = (layout: Layout, model: ModelPlacement, described: Traced): StatisticsLayout => {
  const parameters = model.places.filter(({ declaration }) => declaration.kind === "parameter");
  const layers = [...new Set(parameters.map(({ declaration }) => declaration.layer))];
  const sum = (places: readonly { count: number }[]): number => places.reduce((total, { count }) => total + count, 0);
  return {
    layers: layers.map((layer) => {
      const own = parameters.filter(({ declaration }) => declaration.layer === layer);
      return {
        layer,
        parameters: sum(own),
        trainable: sum(own.filter(({ frozen }) => !frozen)),
        weightSquaresOffset: layout.place(8, 8),
        gradientSquaresOffset: layout.place(8, 8),
      };
    }),
    activities: described.scope.activities.map(({ layer, value, rectified }) => ({
      layer,
      rectified,
      elements: sizeOf(value.shape),
      units: columnsOf(value.shape),
      sumOffset: layout.place(8, 8),
      squaresOffset: layout.place(8, 8),
      seenOffset: layout.place(4 * columnsOf(value.shape)),
    })),
  };
};

export interface PlaceRequest {
  readonly spec: ResolvedJobSpec;
  readonly shape: DataShape;
  readonly model: ModelPlacement;
  readonly constants: readonly Constant[];
  /** The batch that statistics are taken of. */
  readonly described: Traced;
  readonly evaluationRows: number;
  readonly threads: number;
  readonly scratchBytes: number;
  readonly trunk: Trunk | null;
  /** Rows of a step's largest part. */
  readonly partRows: number;
}

export interface Placed {
  readonly layout: TrainingLayout;
  readonly data: Record<Split, SplitPlacement>;
  /** Two f64, for gradient clipping: Σ g² and the factor. */
  readonly clip: { readonly squaresOffset: number; readonly factorOffset: number };
  readonly feed: FeedPlan | null;
  readonly ring: RingPlan | null;
  /** Rows that go into the trunk, and what it makes of them. */
  readonly trunk: { readonly input: FloatRegion; readonly output: FloatRegion } | null;
  readonly arenaOffset: number;
}

/** Gives everything that outlives a program its place; the arena of intermediate tensors comes after. */
export const placeMemory = (request: PlaceRequest): Placed => {
  const { spec, shape, model } = request;
  const layout = createLayout(firstByte);
  const syncOffset = layout.place(syncBytes(request.threads));
  const floats = (count: number) => ({ offset: layout.place(4 * Math.max(1, count)), count });
  const state = {
    syncOffset,
    randomOffset: layout.place(16),
    cursorOffset: layout.place(4, 4),
    lossOffset: layout.place(4, 4),
    groups: model.groups.map((group) => ({ ...group, hyperOffset: layout.place(hyperBytes, 32) })),
  };
  const clip = { squaresOffset: layout.place(8, 8), factorOffset: layout.place(8, 8) };
  const constants = request.constants.map((constant) => ({
    ...placed(layout, constant.name, constant.shape, constant.dtype),
    values: constant.values,
  }));
  const classWeights = classWeightLeaves(spec.loss, shape.outputs).map(({ name, length }) =>
    placed(layout, name, [length], "float"),
  );
  const modelRegion = floats(model.count);
  const gradients = floats(model.trainableCount);
  const slots = ruleOf(spec.optimizer).slots.map((name) => ({ name, ...floats(model.trainableCount) }));
  const { earlyStopping } = spec.training;
  const best =
    earlyStopping !== false && earlyStopping?.restoreBest && shape.validationRows > 0 ? floats(model.count) : null;
  const orderOffset = layout.place(4 * shape.trainRows);
  const shuffleOffset = layout.place(4 * shape.trainRows);
  const identityOffset = layout.place(4 * Math.max(...splits.map((split) => shape[`${split}Rows`])));
  const evaluation = placeEvaluation(layout, spec, shape, request.evaluationRows);
  const statistics = placeStatistics(layout, model, request.described);
  const data = placeData(layout, spec, shape);
  const trunk = request.trunk && {
    input: floats(request.trunk.rows * request.trunk.inputs),
    output: floats(request.trunk.rows * request.trunk.width),
  };
  const feed = placeFeed(layout, shape, request.partRows);
  const ring = placeRing(layout, shape, Math.max(request.partRows, request.evaluationRows), shuffleOffset);
  const scratchOffsets = Array.from({ length: request.threads }, () => layout.place(request.scratchBytes));
  const arenaOffset = layout.place(0);
  return {
    layout: {
      ...state,
      scratchOffsets,
      constants,
      model: modelRegion,
      gradients,
      slots,
      best,
      orderOffset,
      shuffleOffset,
      identityOffset,
      classWeights,
      evaluation,
      statistics,
    },
    data,
    clip,
    feed,
    ring,
    trunk,
    arenaOffset,
  };
};
