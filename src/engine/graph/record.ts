import { bytesOf, type FloatBytes } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { assert } from "./assert.ts";
import { type Buffer, createRecorder, type Emitter, type Place, type RecordedCall } from "./emitter.ts";
import type { Graph, Node, TensorType, Value } from "./graph.ts";

/** A value that is wanted when the plan has run, and where it shall lie. One value may be wanted at two places. */
export interface Result {
  readonly value: Value;
  readonly offset: number;
}

export interface PlanRequest {
  readonly graph: Graph;
  readonly results: readonly Result[];
  /** Offset of a leaf, by its name. */
  readonly placeOf: (leaf: string) => number;
  /** Where the arena of intermediate tensors begins. */
  readonly arenaOffset: number;
  readonly floatBytes: FloatBytes;
  /** Records calls after the graph's own: the optimiser's pass over the flat parameters. */
  readonly tail?: (emit: TailEmitter) => void;
  readonly tailFlops?: number;
  /** Nodes that begin when all before them have ended. */
  readonly fences?: ReadonlySet<Node>;
  /** Nodes that compute what another has computed before. */
  readonly again?: ReadonlySet<Node>;
}

/** An emitter that can also name memory at a fixed place. */
export interface TailEmitter extends Emitter {
  at(offset: number, bytes: number): Buffer;
}

/** Nodes that the results and effects need, in order of computation. */
export const neededNodes = (graph: Graph, results: Iterable<Value>): Node[] => {
  const needed = new Set<Node>();
  const visit = [...results, ...graph.effects];
  for (let value = visit.pop(); value; value = visit.pop()) {
    if (value.source.kind === "leaf" || needed.has(value.source.node)) continue;
    needed.add(value.source.node);
    for (const input of Object.values(value.source.node.inputs)) if (input) visit.push(input);
  }
  return graph.nodes.filter((node) => needed.has(node));
};

export const typesOf = (node: Node): Record<string, TensorType | null> => ({ ...node.inputs, ...node.outputs });

/** What an output is a view of; null: it has memory of its own. */
export const aliasedBy = ({ op, inputs }: Node, port: string): Value | null =>
  (port === "out" && op.alias !== null ? inputs[op.alias] : null) ?? null;

/** Floating-point operations of one run. */
export const flopsOf = (graph: Graph, results: Iterable<Value>): number =>
  neededNodes(graph, results).reduce((sum, node) => sum + node.op.cost(typesOf(node), node.attributes), 0);

/** Records the kernel calls of the needed nodes over buffers that have no offsets yet. */
export const recordCalls = (request: PlanRequest): RecordedCall[] => {
  const { graph, results, floatBytes } = request;
  const calls: RecordedCall[] = [];
  let ids = 0;
  let [fenced, again] = [false, false];
  const bytes = (type: TensorType): number => sizeOf(type.shape) * bytesOf(type.dtype, floatBytes);
  const fresh = (count: number, offset: number | null): Buffer => ({ id: ids++, bytes: count, offset });
  const emit: TailEmitter = {
    k: createRecorder((call) => {
      if (call.units <= 0) return;
      calls.push({ ...call, ...(fenced ? { fence: true } : {}), ...(again ? { again: true } : {}) });
      fenced = false;
    }),
    floatBytes,
    scratchFloats: (count) => fresh(count * floatBytes, null),
    scratchDoubles: (count) => fresh(count * 8, null),
    at: (offset, count) => fresh(count, offset),
  };
  const nodes = neededNodes(
    graph,
    results.map(({ value }) => value),
  );
  const places = new Map(results.map((result) => [result.value, result] as const).reverse());
  const read = new Set(nodes.flatMap((node) => Object.values(node.inputs)));
  const buffers = new Map<Value, Buffer>();
  const direct = new Set<Result>();
  const bufferOf = (value: Value): Buffer => {
    const known = buffers.get(value);
    if (known) return known;
    assert(value.source.kind === "leaf", "a value is computed before it is read");
    const buffer = fresh(bytes(value), request.placeOf(value.source.name));
    buffers.set(value, buffer);
    return buffer;
  };
  const outputPlace = (node: Node, port: string, value: Value): Place => {
    const { op } = node;
    if (op.droppable.includes(port) && !read.has(value) && !places.has(value)) return 0;
    const alias = aliasedBy(node, port);
    const result = alias ? undefined : places.get(value);
    if (result) direct.add(result);
    const buffer = alias ? bufferOf(alias) : fresh(bytes(value), result?.offset ?? null);
    buffers.set(value, buffer);
    return buffer;
  };
  for (const node of nodes) {
    const ports: Record<string, Place> = {};
    if (request.fences?.has(node)) fenced = true;
    again = request.again?.has(node) ?? false;
    for (const [port, input] of Object.entries(node.inputs)) ports[port] = input ? bufferOf(input) : 0;
    for (const [port, output] of Object.entries(node.outputs)) ports[port] = outputPlace(node, port, output);
    node.op.forward(emit, ports, node.attributes, typesOf(node));
  }
  again = false;
  for (const result of results) {
    // A result that lies elsewhere (a view, a leaf, another result's place) is copied.
    if (!direct.has(result))
      emit.k.copy(fresh(bytes(result.value), result.offset), bufferOf(result.value), sizeOf(result.value.shape));
  }
  request.tail?.(emit);
  return calls;
};
