import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { createGraph } from "../graph/graph.ts";
import { type ExecutionPlan, plan } from "../graph/plan.ts";
import { type KernelSource, loadEngineKernels } from "../kernels/engine-kernels.ts";
import { scratchBytes } from "../kernels/families/matrix.ts";
import { predictionValue } from "../nn/losses.ts";
import { traceOf } from "../nn/models.ts";
import { createScope, type TensorDeclaration } from "../nn/scope.ts";
import { bindPlan } from "../parallel/bind.ts";
import { createLayout } from "../tensor/layout.ts";
import { sizeOf } from "../tensor/shape.ts";
import { pageBytes } from "./planning/plan-training.ts";
import { TrainingError } from "./planning/training.ts";

export interface Predictor {
  readonly inputs: number;
  readonly outputs: number;
  /** rows × inputs, row-major → rows × outputs: probabilities of classes, rates of counts, means, or (μ, ln σ²) for gaussian_nll. */
  predict(inputs: Float32Array): Float32Array;
}

/** Rows of the two plans: one for a few rows, one for many. */
const batches = [8, 256] as const;

const trace = (spec: ResolvedJobSpec, inputs: number, outputs: number, rows: number) => {
  const graph = createGraph();
  const scope = createScope(graph, false, () => false);
  const x = graph.leaf("input", [rows, inputs]);
  const output = predictionValue(spec.loss, traceOf(spec.model)(scope, x, outputs));
  return { graph, scope, output };
};

/** Lays one memory out for all batch sizes: weights, inputs, outputs, arena. */
const placePredictor = (spec: ResolvedJobSpec, inputs: number, outputs: number) => {
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
export const predictorBytes = (spec: ResolvedJobSpec, inputs: number, outputs: number): number =>
  Math.ceil(placePredictor(spec, inputs, outputs).bytes / pageBytes) * pageBytes;

/**
 * A trained model ready to answer, on the calling thread alone: running averages for batch normalisation, no dropout. A row's answer has the same bits whatever
 * rows are asked with it. Throws TrainingError where a weight is missing or of another size.
 */
export const createPredictor = async (
  spec: ResolvedJobSpec,
  shape: { readonly inputs: number; readonly outputs: number },
  weights: ReadonlyMap<string, Float32Array>,
  kernels: KernelSource,
  given?: WebAssembly.Memory,
): Promise<Predictor> => {
  const { inputs, outputs } = shape;
  const placed = placePredictor(spec, inputs, outputs);
  const pages = Math.ceil(placed.bytes / pageBytes);
  const memory = given ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  for (const { name, shape: tensorShape } of placed.declarations) {
    const [given, count] = [weights.get(name), sizeOf(tensorShape)];
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
  const own = await loadEngineKernels(kernels, memory);
  const member = { thread: 0, threads: 1, scratchOffset: placed.scratchOffset, wait: () => {}, syncOffset: 0 };
  const runs = placed.plans.map((program) => bindPlan(program, own, member));
  const input = new Float32Array(memory.buffer, placed.inputOffset, batches[1] * inputs);
  const output = new Float32Array(memory.buffer, placed.outputOffset, batches[1] * outputs);
  const predict = (data: Float32Array): Float32Array => {
    const rows = data.length / inputs;
    const answers = new Float32Array(rows * outputs);
    for (let first = 0; first < rows; ) {
      const which = rows - first > batches[0] ? 1 : 0;
      const count = Math.min(rows - first, batches[which]);
      input.set(data.subarray(first * inputs, (first + count) * inputs));
      runs[which]!();
      answers.set(output.subarray(0, count * outputs), first * outputs);
      first += count;
    }
    return answers;
  };
  return { inputs, outputs, predict };
};
