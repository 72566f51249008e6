import type { NetworkDescription } from "../../domain/models/network.ts";
import { assert } from "../graph/assert.ts";
import { createGraph } from "../graph/graph.ts";
import { type ExecutionPlan, plan } from "../graph/plan.ts";
import { type KernelSource, loadEngineKernels } from "../kernels/engine-kernels.ts";
import { scratchBytes } from "../kernels/families/matrix.ts";
import { networkOutputs } from "../nn/network.ts";
import { createScope, type TensorDeclaration } from "../nn/scope.ts";
import { bindPlan } from "../parallel/bind.ts";
import { createLayout, pageBytes } from "../tensor/layout.ts";
import { sizeOf } from "../tensor/shape.ts";
import { batchLadder, nextBatch } from "./batch-sizes.ts";
import { TrainingError } from "./planning/training.ts";

export interface NetworkPredictor {
  /** Bytes of the memory that it holds. */
  readonly bytes: number;
  /** For each input its rows in the engine's layout, row-major; for each output its rows. */
  predict(inputs: readonly Float32Array[], rows: number): Float32Array[];
}

/** Rows that are computed at once, as many as keep the intermediate tensors within this. */
const arenaBytes = 128 * 2 ** 20;
const mostRows = 64;

const trace = (network: NetworkDescription, rows: number) => {
  const graph = createGraph();
  const scope = createScope(graph, false, () => false);
  const inputs = network.inputs.map(({ shape }, i) => graph.leaf(`input.${i}`, [rows, sizeOf(shape)]));
  return { graph, scope, outputs: networkOutputs(network, scope, inputs, rows) };
};

/** Lays one memory out for batches of up to `rows`. */
const place = (network: NetworkDescription, rows: number) => {
  const { scope, graph, outputs } = trace(network, rows);
  const declarations: TensorDeclaration[] = [...scope.declarations.values()];
  const layout = createLayout(4096);
  const scratchOffset = layout.place(scratchBytes);
  const places = new Map(declarations.map(({ name, shape }) => [name, layout.place(4 * sizeOf(shape))]));
  const inputOffsets = network.inputs.map(({ shape }, i) => {
    const offset = layout.place(4 * rows * sizeOf(shape));
    places.set(`input.${i}`, offset);
    return offset;
  });
  const outputOffsets = outputs.map((output) => layout.place(4 * sizeOf(output.shape)));
  const arenaOffset = layout.place(0);
  assert(graph.constants.size === 0, "what answers needs no constants beside its tensors");
  const programOf = (traced: ReturnType<typeof trace>): ExecutionPlan =>
    plan({
      graph: traced.graph,
      results: traced.outputs.map((value, i) => ({ value, offset: outputOffsets[i]! })),
      placeOf: (name) => places.get(name)!,
      arenaOffset,
      floatBytes: 4,
    });
  const whole = programOf({ graph, scope, outputs });
  const bytes = arenaOffset + whole.arenaBytes;
  return { declarations, places, whole, programOf, scratchOffset, inputOffsets, outputOffsets, bytes };
};

/** As many rows as fit: known from a plan of one. */
const batchRows = (network: NetworkDescription): number => {
  const one = place(network, 1).whole.arenaBytes;
  return Math.max(1, Math.min(mostRows, Math.floor(arenaBytes / Math.max(1, one))));
};

const writeWeights = (
  buffer: ArrayBufferLike,
  placed: ReturnType<typeof place>,
  weights: ReadonlyMap<string, Float32Array>,
): void => {
  for (const { name, shape } of placed.declarations) {
    const [given, count] = [weights.get(name), sizeOf(shape)];
    if (given?.length !== count) {
      const message = `the weights of ${name} have ${given?.length ?? "no"} elements where ${count} are needed`;
      throw new TrainingError("incompatible_weights", message, "the network and its weights do not belong together");
    }
    new Float32Array(buffer, placed.places.get(name)!, count).set(given);
  }
};

/**
 * A network from a file ready to answer as the file has it, on the calling thread alone: running averages for batch normalisation, no dropout. A row's answer
 * has the same bits whatever rows are asked with it. Throws TrainingError where a weight is missing or of another size.
 */
export const createNetworkPredictor = async (
  network: NetworkDescription,
  weights: ReadonlyMap<string, Float32Array>,
  kernels: KernelSource,
): Promise<NetworkPredictor> => {
  const most = batchRows(network);
  const placed = place(network, most);
  const pages = Math.ceil(placed.bytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  writeWeights(memory.buffer, placed, weights);
  const member = { thread: 0, threads: 1, scratchOffset: placed.scratchOffset, wait: () => {}, syncOffset: 0 };
  const instance = await loadEngineKernels(kernels, memory);
  const bind = (program: ExecutionPlan) => bindPlan(program, instance, member);
  const sizes = batchLadder(1, most);
  const runs = new Map([[most, bind(placed.whole)]]);
  // Each smaller batch is planned when it first comes.
  const runOf = (size: number): (() => void) => {
    const run = runs.get(size) ?? bind(placed.programOf(trace(network, size)));
    runs.set(size, run);
    return run;
  };
  const view = (offset: number, count: number): Float32Array => new Float32Array(memory.buffer, offset, count);
  const predict = (inputs: readonly Float32Array[], rows: number): Float32Array[] => {
    const answers = network.outputs.map(({ shape }) => new Float32Array(rows * sizeOf(shape)));
    for (let first = 0; first < rows; ) {
      const size = nextBatch(sizes, rows - first);
      const count = Math.min(size, rows - first);
      for (const [i, { shape }] of network.inputs.entries()) {
        const numbers = sizeOf(shape);
        const rowsOf = inputs[i]!.subarray(first * numbers, (first + count) * numbers);
        view(placed.inputOffsets[i]!, count * numbers).set(rowsOf);
      }
      runOf(size)();
      for (const [i, { shape }] of network.outputs.entries()) {
        const numbers = sizeOf(shape);
        answers[i]!.set(view(placed.outputOffsets[i]!, count * numbers), first * numbers);
      }
      first += count;
    }
    return answers;
  };
  return { bytes: placed.bytes, predict };
};
