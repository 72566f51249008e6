import { createGraph } from "../graph/graph.ts";
import { type ExecutionPlan, plan } from "../graph/plan.ts";
import { type KernelSource, loadEngineKernels } from "../kernels/engine-kernels.ts";
import { scratchBytes } from "../kernels/families/matrix.ts";
import { predictionValue } from "../nn/losses.ts";
import { type TracedSpec, traceOfJob } from "../nn/models.ts";
import { createScope, type TensorDeclaration } from "../nn/scope.ts";
import { bindPlan } from "../parallel/bind.ts";
import { createLayout, pageBytes } from "../tensor/layout.ts";
import { sizeOf } from "../tensor/shape.ts";
import { batchLadder, nextBatch } from "./batch-sizes.ts";
import { TrainingError } from "./planning/training.ts";

export interface Predictor {
  readonly inputs: number;
  readonly outputs: number;
  /** Bytes of the memory that it holds. */
  readonly bytes: number;
  /** rows × inputs, row-major → rows × outputs: probabilities of classes, rates of counts, means, or (μ, ln σ²) for gaussian_nll. */
  predict(inputs: Float32Array): Float32Array;
  /** Answers with these weights from now on. */
  load(weights: ReadonlyMap<string, Float32Array>): void;
}

/** Of a model of ours: a product of eight rows takes no longer than one of a row. */
const usualBatches = batchLadder(8, 256);
/** Of a network from a file: from one row to as many as keep the intermediate tensors within these bytes. */
const networkArenaBytes = 128 * 2 ** 20;
const mostNetworkRows = 64;

const trace = (spec: TracedSpec, inputs: number, outputs: number, rows: number) => {
  const graph = createGraph();
  const scope = createScope(graph, false, () => false);
  const x = graph.leaf("input", [rows, inputs]);
  const output = predictionValue(spec.loss, traceOfJob(spec)(scope, x, outputs));
  return { graph, scope, output };
};

/** As many rows as fit: known from a plan of one. */
const batchesOf = (spec: TracedSpec, inputs: number, outputs: number): readonly number[] => {
  if (spec.network === undefined) return usualBatches;
  const { plans } = placePredictor(spec, inputs, outputs, [1]);
  const most = Math.floor(networkArenaBytes / Math.max(1, plans[0]!.arenaBytes));
  return batchLadder(1, Math.max(1, Math.min(mostNetworkRows, most)));
};

/** Lays one memory out for all batch sizes, the largest last: weights, inputs, outputs, arena. */
const placePredictor = (spec: TracedSpec, inputs: number, outputs: number, batches: readonly number[]) => {
  const traces = batches.map((rows) => trace(spec, inputs, outputs, rows));
  const declarations: TensorDeclaration[] = [...traces[0]!.scope.declarations.values()];
  const layout = createLayout(4096);
  const most = batches.at(-1)!;
  const scratchOffset = layout.place(scratchBytes);
  const places = new Map(declarations.map(({ name, shape }) => [name, layout.place(4 * sizeOf(shape))]));
  const inputOffset = layout.place(4 * most * inputs);
  const outputOffset = layout.place(4 * most * outputs);
  const constants = traces.flatMap(({ graph }) => [...graph.constants.values()]);
  for (const { name, shape } of constants) if (!places.has(name)) places.set(name, layout.place(8 * sizeOf(shape)));
  places.set("input", inputOffset);
  const arenaOffset = layout.place(0);
  const plans: ExecutionPlan[] = traces.map(({ graph, output }) =>
    plan({
      graph,
      results: [{ value: output, offset: outputOffset }],
      placeOf: (name) => places.get(name)!,
      arenaOffset,
      floatBytes: 4,
    }),
  );
  const bytes = arenaOffset + Math.max(...plans.map(({ arenaBytes }) => arenaBytes));
  return { declarations, places, plans, inputOffset, outputOffset, scratchOffset, bytes };
};

/** Bytes of the memory that a model answers in, in whole pages. */
export const predictorBytes = (spec: TracedSpec, inputs: number, outputs: number): number =>
  Math.ceil(placePredictor(spec, inputs, outputs, batchesOf(spec, inputs, outputs)).bytes / pageBytes) * pageBytes;

/**
 * A trained model ready to answer, on the calling thread alone: running averages for batch normalisation, no dropout. A row's answer has the same bits whatever
 * rows are asked with it. Throws TrainingError where a weight is missing or of another size.
 */
export const createPredictor = async (
  spec: TracedSpec,
  shape: { readonly inputs: number; readonly outputs: number },
  weights: ReadonlyMap<string, Float32Array>,
  kernels: KernelSource,
  given?: WebAssembly.Memory,
): Promise<Predictor> => {
  const { inputs, outputs } = shape;
  const sizes = batchesOf(spec, inputs, outputs);
  const placed = placePredictor(spec, inputs, outputs, sizes);
  const pages = Math.ceil(placed.bytes / pageBytes);
  const memory = given ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const load = (own: ReadonlyMap<string, Float32Array>): void => {
    for (const { name, shape: tensorShape } of placed.declarations) {
      const [given, count] = [own.get(name), sizeOf(tensorShape)];
      if (given?.length !== count) {
        const message = `the weights of ${name} have ${given?.length ?? "no"} elements where ${count} are needed`;
        throw new TrainingError(
          "incompatible_weights",
          message,
          "the model's specification and its weights do not belong together",
        );
      }
      new Float32Array(memory.buffer, placed.places.get(name)!, count).set(given);
    }
  };
  load(weights);
  const own = await loadEngineKernels(kernels, memory);
  const member = { thread: 0, threads: 1, scratchOffset: placed.scratchOffset, wait: () => {}, syncOffset: 0 };
  const runs = new Map(placed.plans.map((program, i) => [sizes[i]!, bindPlan(program, own, member)]));
  const many = sizes.at(-1)!;
  const input = new Float32Array(memory.buffer, placed.inputOffset, many * inputs);
  const output = new Float32Array(memory.buffer, placed.outputOffset, many * outputs);
  const predict = (data: Float32Array): Float32Array => {
    const rows = data.length / inputs;
    const answers = new Float32Array(rows * outputs);
    for (let first = 0; first < rows; ) {
      const size = nextBatch(sizes, rows - first);
      const count = Math.min(rows - first, size);
      input.set(data.subarray(first * inputs, (first + count) * inputs));
      runs.get(size)!();
      answers.set(output.subarray(0, count * outputs), first * outputs);
      first += count;
    }
    return answers;
  };
  return { inputs, outputs, bytes: placed.bytes, predict, load };
};
