import type { NetworkDescription } from "../../domain/models/network.ts";
import { createGraph } from "../graph/graph.ts";
import { type ExecutionPlan, plan } from "../graph/plan.ts";
import { scratchBytes } from "../kernels/families/matrix.ts";
import { instantiateKernels } from "../kernels/load.ts";
import { networkOutputs } from "../nn/network.ts";
import { createScope, type TensorDeclaration } from "../nn/scope.ts";
import { bindPlan } from "../parallel/bind.ts";
import { createLayout } from "../tensor/layout.ts";
import { sizeOf } from "../tensor/shape.ts";
import { pageBytes } from "./planning/plan-training.ts";
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

/** Lays one memory out for a batch of `rows`. */
const place = (network: NetworkDescription, rows: number) => {
  const { graph, scope, outputs } = trace(network, rows);
  const declarations: TensorDeclaration[] = [...scope.declarations.values()];
  const layout = createLayout(4096);
  const scratchOffset = layout.place(scratchBytes);
  const places = new Map(declarations.map(({ name, shape }) => [name, layout.place(4 * sizeOf(shape))]));
  for (const { name, shape } of graph.constants.values()) places.set(name, layout.place(8 * sizeOf(shape)));
  const inputOffsets = network.inputs.map(({ shape }, i) => {
    const offset = layout.place(4 * rows * sizeOf(shape));
    places.set(`input.${i}`, offset);
    return offset;
  });
  const outputOffsets = outputs.map((output) => layout.place(4 * sizeOf(output.shape)));
  const arenaOffset = layout.place(0);
  const program: ExecutionPlan = plan({
    graph,
    results: outputs.map((value, i) => ({ value, offset: outputOffsets[i]! })),
    placeOf: (name) => places.get(name)!,
    arenaOffset,
    floatBytes: 4,
  });
  return {
    declarations,
    graph,
    places,
    program,
    scratchOffset,
    inputOffsets,
    outputOffsets,
    bytes: arenaOffset + program.arenaBytes,
  };
};

/** As many rows as fit: known from a plan of one. */
const batchRows = (network: NetworkDescription): number => {
  const one = place(network, 1).program.arenaBytes;
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
  for (const { name, dtype, values } of placed.graph.constants.values()) {
    const offset = placed.places.get(name)!;
    if (dtype === "f64") new Float64Array(buffer, offset, values.length).set(values);
    else if (dtype === "float") new Float32Array(buffer, offset, values.length).set(values);
    else new Int32Array(buffer, offset, values.length).set(values);
  }
};

/**
 * A network from a file ready to answer as the file has it, on the calling thread alone: running averages for batch normalisation, no dropout. A row's answer
 * has the same bits whatever rows are asked with it. Throws TrainingError where a weight is missing or of another size.
 */
export const createNetworkPredictor = (
  network: NetworkDescription,
  weights: ReadonlyMap<string, Float32Array>,
  kernels: WebAssembly.Module,
): NetworkPredictor => {
  const most = batchRows(network);
  const placed = place(network, most);
  const pages = Math.ceil(placed.bytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  writeWeights(memory.buffer, placed, weights);
  const member = { thread: 0, threads: 1, scratchOffset: placed.scratchOffset, wait: () => {} };
  const run = bindPlan(placed.program, instantiateKernels(kernels, memory), member);
  const view = (offset: number, count: number): Float32Array => new Float32Array(memory.buffer, offset, count);
  const predict = (inputs: readonly Float32Array[], rows: number): Float32Array[] => {
    const answers = network.outputs.map(({ shape }) => new Float32Array(rows * sizeOf(shape)));
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first);
      for (const [i, { shape }] of network.inputs.entries()) {
        const size = sizeOf(shape);
        view(placed.inputOffsets[i]!, most * size).set(inputs[i]!.subarray(first * size, (first + count) * size));
      }
      run();
      for (const [i, { shape }] of network.outputs.entries()) {
        const size = sizeOf(shape);
        answers[i]!.set(view(placed.outputOffsets[i]!, count * size), first * size);
      }
    }
    return answers;
  };
  return { bytes: placed.bytes, predict };
};
