import { flopsOf, type PlanRequest, type TailEmitter } from "../../graph/record.ts";
import { scratchBytes } from "../../kernels/families/matrix.ts";
import { isSymmetric } from "../../nn/initializers.ts";
import type { TracedSpec } from "../../nn/models.ts";
import { widthOfInput } from "../../nn/network-trunk.ts";
import { threadsFor } from "../../parallel/partition.ts";
import { alignUp, pageBytes } from "../../tensor/layout.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Draft } from "./draft.ts";
import { cutEpoch, draftPrograms } from "./draft-programs.ts";
import { gradientLeaf, lossLeaf } from "./draft-steps.ts";
import { checkFreezing, covers } from "./freezing.ts";
import { type Placed, placeMemory } from "./place-memory.ts";
import { type ModelPlacement, placeModel } from "./place-model.ts";
import { findTrunk, type Trunk, trunkInput } from "./plan-trunk.ts";
import { askedRuns, type ProgramRuns, searchRuns, sumOverRuns, trainingRuns } from "./program-runs.ts";
import { fedFeatures, ringLeaves } from "./programs.ts";
import { planPrograms, type Recomputing } from "./recomputing.ts";
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
    const { features, labels, weights, offsets } = data[split];
    for (const tensor of [features, labels, weights, offsets]) if (tensor) places.set(tensor.name, tensor.offset);
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
 * the job. A frozen trunk's values are kept, if they fit; rows that do not fit are read through a ring, if they can be read one by one; activations that still do not
 * fit are computed again, unless the specification says whether they are. Throws ModelShapeError where the model does not fit the data.
 */
export const planTraining = (spec: TracedSpec, shape: DataShape, options: PlanOptions = {}): TrainingPlan => {
  const { gradientCheckpointing: asked } = spec.training;
  const plain = planPlaced(spec, shape, options, asked === true ? "always" : "never");
  if (asked !== undefined || plain.memoryBytes <= spec.resources.memoryBytes) return plain;
  const fitted = planPlaced(spec, shape, options, "to fit");
  return fitted.memoryBytes < plain.memoryBytes ? fitted : plain;
};

const planPlaced = (
  spec: TracedSpec,
  shape: DataShape,
  options: PlanOptions,
  recomputing: Recomputing,
): TrainingPlan => {
  const planRing = (ringRows: number, how: Recomputing): TrainingPlan =>
    planWith(spec, { ...shape, ringRows }, null, options, how);
  if (options.ringRows !== undefined) return planRing(options.ringRows, recomputing);
  const { memoryBytes } = spec.resources;
  const held = planHeld(spec, shape, options, recomputing);
  if (held.memoryBytes <= memoryBytes || shape.streams !== true) return held;
  const smallest = planRing(1, recomputing === "never" ? recomputing : "always");
  const streamed = planRing(ringRowsWithin(memoryBytes, smallest), recomputing);
  return streamed.memoryBytes < held.memoryBytes ? streamed : held;
};

/** With all rows in the memory. */
const planHeld = (spec: TracedSpec, shape: DataShape, options: PlanOptions, recomputing: Recomputing): TrainingPlan => {
  const trunk = options.keepFeatures === false || shape.inputs !== inputsOf(spec) ? null : findTrunk(spec);
  if (trunk === null) return planWith(spec, shape, null, options, recomputing);
  const top = { ...spec, network: trunk.top };
  const kept = planWith(top, { ...shape, inputs: trunk.width }, trunk, options, recomputing);
  if (kept.memoryBytes <= spec.resources.memoryBytes) return { ...kept, spec };
  const computed = planWith(spec, shape, null, options, recomputing);
  return computed.memoryBytes < kept.memoryBytes ? computed : { ...kept, spec };
};

const requestOf = (
  { traced, results, tail, tailFlops }: Draft,
  placed: Placed,
  model: ModelPlacement,
  placeOf: (name: string) => number,
): PlanRequest => ({
  graph: traced.graph,
  results: results(placed, model),
  placeOf,
  arenaOffset: placed.arenaOffset,
  floatBytes: 4,
  ...(tail ? { tail: (emit: TailEmitter) => tail(emit, placed, model) } : {}),
  tailFlops: tailFlops?.(model) ?? 0,
});

/** All programs in the memory that they share; `keepingBytes` is what it would be if no activations were computed again. */
const planDrafts = (
  drafts: readonly Draft[],
  placed: Placed,
  model: ModelPlacement,
  { recomputing, memoryBytes }: { recomputing: Recomputing; memoryBytes: number },
) => {
  const { arenaOffset } = placed;
  const placeOf = createLookup(placed, model);
  const mostBytes = Math.floor(memoryBytes / pageBytes) * pageBytes - arenaOffset;
  const { plans, arenaBytes, keepingBytes } = planPrograms(
    drafts.map((draft) => ({ request: requestOf(draft, placed, model, placeOf), forward: draft.forward ?? null })),
    { recomputing, mostBytes },
  );
  return {
    programs: plans,
    memoryBytes: alignUp(arenaOffset + arenaBytes, pageBytes),
    keepingBytes: alignUp(arenaOffset + keepingBytes, pageBytes),
  };
};

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

const placedTrunk = (trunk: Trunk | null, placed: Placed, program: number | null): TrainingPlan["trunk"] =>
  trunk && placed.trunk && program !== null
    ? { program, rows: trunk.rows, inputs: trunk.inputs, width: trunk.width, ...placed.trunk }
    : null;

const inputsOf = ({ network }: TracedSpec): number => (network === undefined ? 0 : widthOfInput(network));

const planWith = (
  spec: TracedSpec,
  shape: DataShape,
  trunk: Trunk | null,
  options: PlanOptions,
  recomputing: Recomputing,
): TrainingPlan => {
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
  const { programs, ...memory } = planDrafts(drafts, placed, model, {
    recomputing,
    memoryBytes: spec.resources.memoryBytes,
  });
  const again = (program: number): number => programs[program]!.recomputedFlops ?? 0;
  const recomputedFlopsPerStep = lastStage.step.reduce((sum, { program }) => sum + again(program), 0);
  const weights = model.places.filter(({ declaration }) => declaration.kind === "parameter");
  return {
    spec,
    shape,
    parameters: weights.reduce((sum, { declaration }) => sum + sizeOf(declaration.shape), 0),
    ...memory,
    flopsPerStep: flopsPerStep + recomputedFlopsPerStep,
    recomputedFlopsPerStep,
    flops: flopsOfSteps + sumOverRuns(runs, again) + flopsOfTrunk,
    ...cut,
    partsPerStep: Math.max(...index.stages.flatMap(({ step, lastStep }) => [step.length, lastStep.length])),
    runs: allRuns(
      runs,
      search && searchRuns(search, evaluationRows, askedRuns(spec)),
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
    trunk: placedTrunk(trunk, placed, index.trunk),
    programs,
    programIndex: index,
    syncOffset: placed.layout.syncOffset,
    scratchOffsets: placed.layout.scratchOffsets,
  };
};
