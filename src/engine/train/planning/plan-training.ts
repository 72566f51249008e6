import { type ExecutionPlan, plan } from "../../graph/plan.ts";
import { flopsOf, type TailEmitter } from "../../graph/record.ts";
import { scratchBytes } from "../../kernels/families/matrix.ts";
import { isSymmetric } from "../../nn/initializers.ts";
import type { TracedSpec } from "../../nn/models.ts";
import { widthOfInput } from "../../nn/network-trunk.ts";
import { threadsFor } from "../../parallel/partition.ts";
import { alignUp, pageBytes } from "../../tensor/layout.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { temperatureRuns } from "../fitting/trials/temperature.ts";
import type { Draft } from "./draft.ts";
import { cutEpoch, draftPrograms } from "./draft-programs.ts";
import { gradientLeaf, lossLeaf } from "./draft-steps.ts";
import { checkFreezing, covers } from "./freezing.ts";
import { type Placed, placeMemory } from "./place-memory.ts";
import { type ModelPlacement, placeModel } from "./place-model.ts";
import { findTrunk, type Trunk, trunkInput } from "./plan-trunk.ts";
import { type ProgramRuns, searchRuns, sumOverRuns, trainingRuns } from "./program-runs.ts";
import { fedFeatures, ringLeaves } from "./programs.ts";
import { ringRowsWithin } from "./ring-size.ts";
import type { RingPlan } from "./row-sources.ts";
import { type DataShape, type ModelTensor, splits, type TrainingPlan } from "./training.ts";

/** Rows that an evaluation and the statistics take at once, if the training batch is not larger. */
const evaluationBatch = 256;

const ringPlaces = (ring: RingPlan | null): (readonly [string, number])[] =>
  ring === null
    ? []
    : [
        [ringLeaves.rows, ring.rowsOffset],
        [ringLeaves.slots, ring.slots.offset],
        [ringLeaves.cursor, ring.cursorOffset],
      ];

/** A leaf's place by its name. */
const createLookup = (placed: Placed, model: ModelPlacement) => {
  const { layout, data } = placed;
  const places = new Map<string, number>([
    ["state.random", layout.randomOffset],
    ["state.cursor", layout.cursorOffset],
    ["order", layout.orderOffset],
    ["identity", layout.identityOffset],
    ...layout.constants.map(({ name, offset }) => [name, offset] as const),
    ...layout.classWeights.map(({ name, offset }) => [name, offset] as const),
    ...model.places.map(({ declaration, start }) => [declaration.name, layout.model.offset + 4 * start] as const),
    ...model.places.map(
      ({ declaration, start }) => [gradientLeaf(declaration.name), layout.gradients.offset + 4 * start] as const,
    ),
    [lossLeaf, layout.lossOffset],
    ...(placed.feed === null ? [] : [[fedFeatures, placed.feed.features.offset] as const]),
    ...ringPlaces(placed.ring),
    ...(placed.trunk === null ? [] : [[trunkInput, placed.trunk.input.offset] as const]),
  ]);
  for (const split of splits) {
    const { features, labels } = data[split];
    for (const tensor of labels ? [features, labels] : [features]) places.set(tensor.name, tensor.offset);
  }
  return (name: string): number => {
    const offset = places.get(name);
    if (offset === undefined) throw new Error(`the leaf ${name} has no place`);
    return offset;
  };
};

const warningsOf = (
  spec: TracedSpec,
  shape: DataShape,
  model: ModelPlacement,
  cut: ReturnType<typeof cutEpoch>,
  threads: number,
): string[] => {
  const warnings: string[] = [];
  const symmetric = model.places.filter(
    ({ declaration: { penalised, layer, initial } }) => penalised && layer !== "output" && isSymmetric(initial),
  );
  if (symmetric.length > 0) {
    const layers = symmetric.map(({ declaration }) => declaration.layer).join(", ");
    warnings.push(
      `all weights of ${layers} begin equal: the units of each such layer get the same gradient and stay alike for ever`,
    );
  }
  if (spec.training.earlyStopping && shape.validationRows === 0)
    warnings.push("early stopping needs a validation split: all epochs will run");
  if (threads < spec.resources.threads) {
    warnings.push(`a step is too small to gain from ${spec.resources.threads} threads: ${threads} will run`);
  }
  if (cut.lastBatchRows > cut.batchRows) warnings.push("the last row of an epoch joins the batch before it");
  const names = model.places.map(({ declaration }) => declaration.name);
  const unmatched = Object.keys(spec.optimizer.layerFactors).filter(
    (prefix) => !names.some((name) => covers(prefix, name)),
  );
  for (const prefix of unmatched) warnings.push(`no layer is called ${prefix}`);
  return warnings;
};

const placeTensors = (placed: Placed, model: ModelPlacement): ModelTensor[] =>
  model.places.map(({ declaration: { name, shape, kind, layer }, frozen, start }) => ({
    name,
    shape,
    kind,
    layer,
    frozen,
    dtype: "float",
    offset: placed.layout.model.offset + 4 * start,
  }));

export interface PlanOptions {
  /** The team's size, where it is known; left out: by the FLOPs of a step. */
  readonly threads?: number;
  /** FLOPs of a step that are worth one more thread; tests lower it to try teams on small jobs. */
  readonly flopsPerThread?: number;
  /** False: a frozen trunk is computed in every step; tests compare the bits. */
  readonly keepFeatures?: boolean;
  /** So many rows of a ring, even where all rows fit; tests compare the bits. */
  readonly ringRows?: number;
}

/**
 * The whole course of a job from its specification and the counts of its data: programs, memory, FLOPs. Takes milliseconds and allocates nothing of the size of
 * the job. A frozen trunk's values are kept, if they fit; rows that do not fit are read through a ring, if they can be read one by one. Throws ModelShapeError where the model does not fit the data.
 */
export const planTraining = (spec: TracedSpec, shape: DataShape, options: PlanOptions = {}): TrainingPlan => {
  const { ringRows } = options;
  if (ringRows !== undefined) return planWith(spec, { ...shape, ringRows }, null, options);
  const { memoryBytes } = spec.resources;
  const held = planHeld(spec, shape, options);
  if (held.memoryBytes <= memoryBytes || shape.streams !== true) return held;
  const planRing = (rows: number): TrainingPlan => planWith(spec, { ...shape, ringRows: rows }, null, options);
  const streamed = planRing(ringRowsWithin(memoryBytes, planRing(1)));
  return streamed.memoryBytes < held.memoryBytes ? streamed : held;
};

/** With all rows in the memory. */
const planHeld = (spec: TracedSpec, shape: DataShape, options: PlanOptions): TrainingPlan => {
  const trunk = options.keepFeatures === false || shape.inputs !== inputsOf(spec) ? null : findTrunk(spec);
  if (trunk === null) return planWith(spec, shape, null, options);
  const kept = planWith({ ...spec, network: trunk.top }, { ...shape, inputs: trunk.width }, trunk, options);
  if (kept.memoryBytes <= spec.resources.memoryBytes) return { ...kept, spec };
  const computed = planWith(spec, shape, null, options);
  return computed.memoryBytes < kept.memoryBytes ? computed : { ...kept, spec };
};

const placeProgram = (
  { traced, results, tail, tailFlops }: Draft,
  placed: Placed,
  model: ModelPlacement,
  placeOf: (name: string) => number,
): ExecutionPlan =>
  plan({
    graph: traced.graph,
    results: results(placed, model),
    placeOf,
    arenaOffset: placed.arenaOffset,
    floatBytes: 4,
    ...(tail ? { tail: (emit: TailEmitter) => tail(emit, placed, model) } : {}),
    tailFlops: tailFlops?.(model) ?? 0,
  });

/** Of the training, of the trials before it and of the trunk, by program. */
const allRuns = (
  training: ProgramRuns,
  search: ProgramRuns | null,
  trunk: readonly [number, number] | null,
): ProgramRuns => {
  const all = new Map(training);
  for (const [program, times] of [...(search ?? []), ...(trunk === null ? [] : [trunk])])
    all.set(program, (all.get(program) ?? 0) + times);
  return all;
};

const inputsOf = ({ network }: TracedSpec): number => (network === undefined ? 0 : widthOfInput(network));

const planWith = (spec: TracedSpec, shape: DataShape, trunk: Trunk | null, options: PlanOptions): TrainingPlan => {
  const cut = cutEpoch(spec, shape.trainRows);
  const largest = Math.max(...splits.map((split) => shape[`${split}Rows`]));
  const atOnce = Math.min(cut.batchRows, spec.training.microBatch ?? cut.batchRows);
  const evaluationRows = Math.min(largest, spec.network ? atOnce : Math.max(atOnce, evaluationBatch));
  const { drafts, index, search } = draftPrograms(spec, shape, cut, evaluationRows, trunk);
  const lastStage = index.stages.at(-1)!;
  const stepTrace = drafts[lastStage.step[0]!.program]!;
  const described = drafts[index.statistics]!.traced;
  const declarations = [...stepTrace.traced.scope.declarations.values()];
  checkFreezing(spec, declarations);
  const model = placeModel(spec, declarations);
  const flopsOfDraft = ({ traced, wanted, tailFlops }: Draft): number =>
    flopsOf(traced.graph, wanted) + (tailFlops?.(model) ?? 0);
  const counted = drafts.map(flopsOfDraft);
  const flopsOfProgram = (program: number): number => counted[program]!;
  const flopsPerStep = lastStage.step.reduce((sum, { program }) => sum + flopsOfProgram(program), 0);
  const runs = trainingRuns(spec, shape, cut, index, evaluationRows);
  const flopsOfSteps = sumOverRuns(runs, flopsOfProgram);
  const rows = splits.reduce((sum, split) => sum + shape[`${split}Rows`], 0);
  const flopsOfTrunk = trunk === null ? 0 : rows * trunk.flopsPerRow;
  // The team is as large as what takes longest needs it.
  const flopsAtOnce = trunk !== null && flopsOfTrunk > flopsOfSteps ? trunk.rows * trunk.flopsPerRow : flopsPerStep;
  const threads = options.threads ?? threadsFor(flopsAtOnce, spec.resources.threads, options.flopsPerThread);
  const constants = [...new Map(drafts.flatMap(({ traced }) => [...traced.graph.constants])).values()];
  const placed = placeMemory({
    spec,
    shape,
    model,
    constants,
    described,
    evaluationRows,
    threads,
    scratchBytes,
    trunk,
    partRows: Math.max(...lastStage.step.map(({ rows }) => rows), ...lastStage.lastStep.map(({ rows }) => rows)),
  });
  const placeOf = createLookup(placed, model);
  const programs = drafts.map((draft) => placeProgram(draft, placed, model, placeOf));
  const arenaBytes = Math.max(...programs.map((program) => program.arenaBytes));
  const weights = model.places.filter(({ declaration }) => declaration.kind === "parameter");
  return {
    spec,
    shape,
    parameters: weights.reduce((sum, { declaration }) => sum + sizeOf(declaration.shape), 0),
    memoryBytes: alignUp(placed.arenaOffset + arenaBytes, pageBytes),
    flopsPerStep,
    flops: flopsOfSteps + flopsOfTrunk,
    ...cut,
    partsPerStep: Math.max(...index.stages.flatMap(({ step, lastStep }) => [step.length, lastStep.length])),
    runs: allRuns(
      runs,
      search && searchRuns(search, evaluationRows, spec.training.calibration === "temperature" ? temperatureRuns : 0),
      trunk && index.trunk !== null ? [index.trunk, rows / trunk.rows] : null,
    ),
    steps: cut.stepsPerEpoch * spec.training.epochs,
    search,
    threads,
    warnings: warningsOf(spec, shape, model, cut, threads),
    tensors: placeTensors(placed, model),
    data: placed.data,
    layout: placed.layout,
    feed: placed.feed,
    ring: placed.ring,
    trunk:
      trunk && placed.trunk && index.trunk !== null
        ? { program: index.trunk, rows: trunk.rows, inputs: trunk.inputs, width: trunk.width, ...placed.trunk }
        : null,
    programs,
    programIndex: index,
    syncOffset: placed.layout.syncOffset,
    scratchOffsets: placed.layout.scratchOffsets,
  };
};
