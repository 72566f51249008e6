import { type ExecutionPlan, plan } from "../../graph/plan.ts";
import { flopsOf, type TailEmitter } from "../../graph/record.ts";
import { scratchBytes } from "../../kernels/families/matrix.ts";
import { isSymmetric } from "../../nn/initializers.ts";
import type { TracedSpec } from "../../nn/models.ts";
import { threadsFor } from "../../parallel/partition.ts";
import { alignUp } from "../../tensor/layout.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { cutEpoch, draftPrograms } from "./draft-programs.ts";
import { type Placed, placeMemory } from "./place-memory.ts";
import { type ModelPlacement, placeModel } from "./place-model.ts";
import { updateFlops } from "./record-update.ts";
import { type DataShape, type ModelTensor, splits, type TrainingPlan } from "./training.ts";

export const pageBytes = 65536;
/** Rows that an evaluation and the statistics take at once, if the training batch is not larger. */
const evaluationBatch = 256;

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
  const unmatched = [...(spec.base?.freeze ?? []), ...Object.keys(spec.optimizer.layerFactors)].filter(
    (prefix) => !names.some((name) => name === prefix || name.startsWith(`${prefix}.`)),
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
  /** FLOPs of a step that are worth one more thread; tests lower it to try teams on small jobs. */
  readonly flopsPerThread?: number;
}

/**
 * The whole course of a job from its specification and the counts of its data: programs, memory, FLOPs. Takes milliseconds and allocates nothing of the size of
 * the job. Throws ModelShapeError where the model does not fit the data.
 */
export const planTraining = (spec: TracedSpec, shape: DataShape, options: PlanOptions = {}): TrainingPlan => {
  const cut = cutEpoch(spec, shape.trainRows);
  const largest = Math.max(...splits.map((split) => shape[`${split}Rows`]));
  const evaluationRows = Math.min(largest, spec.network ? cut.batchRows : Math.max(cut.batchRows, evaluationBatch));
  const { drafts, index, search } = draftPrograms(spec, shape, cut, evaluationRows);
  const stepTrace = drafts[index.step]!;
  const described = drafts[index.statistics]!.traced;
  const model = placeModel(spec, [...stepTrace.traced.scope.declarations.values()]);
  const flopsPerStep = flopsOf(stepTrace.traced.graph, stepTrace.wanted) + updateFlops(spec, model);
  const threads = threadsFor(flopsPerStep, spec.resources.threads, options.flopsPerThread);
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
  });
  const placeOf = createLookup(placed, model);
  const programs = drafts.map(({ traced, results, tail, tailFlops }): ExecutionPlan => {
    const request = {
      graph: traced.graph,
      results: results(placed, model),
      placeOf,
      arenaOffset: placed.arenaOffset,
      floatBytes: 4 as const,
    };
    return plan({
      ...request,
      ...(tail ? { tail: (emit: TailEmitter) => tail(emit, placed, model) } : {}),
      tailFlops: tailFlops?.(model) ?? 0,
    });
  });
  const arenaBytes = Math.max(...programs.map((program) => program.arenaBytes));
  const weights = model.places.filter(({ declaration }) => declaration.kind === "parameter");
  return {
    spec,
    shape,
    parameters: weights.reduce((sum, { declaration }) => sum + sizeOf(declaration.shape), 0),
    memoryBytes: alignUp(placed.arenaOffset + arenaBytes, pageBytes),
    flopsPerStep,
    ...cut,
    steps: cut.stepsPerEpoch * spec.training.epochs,
    search,
    threads,
    warnings: warningsOf(spec, shape, model, cut, threads),
    tensors: placeTensors(placed, model),
    data: placed.data,
    layout: placed.layout,
    programs,
    programIndex: index,
    syncOffset: placed.layout.syncOffset,
    scratchOffsets: placed.layout.scratchOffsets,
  };
};
