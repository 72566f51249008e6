import { assert } from "./assert.ts";
import type { Emitter, Place } from "./emitter.ts";
import type { Graph, OpDefinition, TensorType, Value } from "./graph.ts";

type Ports<Input extends string, Optional extends string, T> = { readonly [N in Input]: T } & {
  readonly [N in Optional]: T | null;
};

/**
 * One operation: the four questions that each op answers, side by side. Leaving one out, or the gradient of one input, does not compile.
 * `Extra` are further outputs that the forward pass saves for the gradient; nothing is differentiated through them.
 */
export interface OpRule<Input extends string, Optional extends string, Extra extends string, Attributes> {
  readonly inputs: readonly Input[];
  /** Inputs that may be null. */
  readonly optional?: readonly Optional[];
  readonly extras?: readonly Extra[];
  /** The output shares the memory of this input, and `forward` records nothing or changes it in place. */
  readonly alias?: NoInfer<Input>;
  /** Extra outputs that need no memory where nobody reads them. */
  readonly droppable?: readonly NoInfer<Extra>[];
  /** What computes `out` once more, to the same bits, from this op's inputs and extras of the same names: where that is less than the whole op. */
  readonly again?: OpDefinition;
  /** Types of the outputs; throws where the inputs do not fit. */
  shape(
    inputs: Ports<NoInfer<Input>, NoInfer<Optional>, TensorType>,
    attributes: Attributes,
  ): { readonly [N in "out" | NoInfer<Extra>]: TensorType };
  /** Records the kernel calls that compute the outputs. */
  forward(
    emit: Emitter,
    places: { readonly [N in NoInfer<Input> | NoInfer<Optional> | NoInfer<Extra> | "out"]: Place },
    attributes: Attributes,
    types: Ports<NoInfer<Input>, NoInfer<Optional>, TensorType> & {
      readonly [N in "out" | NoInfer<Extra>]: TensorType;
    },
  ): void;
  /** Builds the gradient of each input from `g`, the gradient of `out`; null where an input has none (labels, random state). */
  vjp(
    g: Value,
    values: Ports<NoInfer<Input>, NoInfer<Optional>, Value> & { readonly [N in "out" | NoInfer<Extra>]: Value },
    attributes: Attributes,
  ): { readonly [N in NoInfer<Input> | NoInfer<Optional>]: Value | null };
  /** Floating-point operations of the forward pass. */
  cost(
    types: Ports<NoInfer<Input>, NoInfer<Optional>, TensorType> & {
      readonly [N in "out" | NoInfer<Extra>]: TensorType;
    },
    attributes: Attributes,
  ): number;
}

/** Adds a node to the graph of its inputs; all outputs by name. */
export type OpFunction<Input extends string, Optional extends string, Extra extends string, Attributes> = {
  (inputs: Ports<Input, Optional, Value>, attributes: Attributes): { readonly [N in "out" | Extra]: Value };
  readonly definition: OpDefinition;
};

/** Inputs by name must all be of one graph. */
const graphOf = (inputs: Readonly<Record<string, Value | null>>): Graph => {
  const graphs = new Set(Object.values(inputs).flatMap((value) => (value ? [value.graph] : [])));
  assert(graphs.size === 1, "an op's inputs belong to one graph");
  return [...graphs][0]!;
};

export const op = <
  Input extends string,
  Optional extends string = never,
  Extra extends string = never,
  Attributes = object,
>(
  name: string,
  rule: OpRule<Input, Optional, Extra, Attributes>,
): OpFunction<Input, Optional, Extra, Attributes> => {
  // Names tie the ports together from here on; the casts are sound because `apply` is the only way to make a node.
  const definition = {
    ...rule,
    name,
    alias: rule.alias ?? null,
    again: rule.again ?? null,
    droppable: rule.droppable ?? [],
  } as unknown as OpDefinition;
  const apply = (inputs: Readonly<Record<string, Value | null>>, attributes: unknown): Record<string, Value> => {
    const graph = graphOf(inputs);
    const types = definition.shape(inputs, attributes);
    const node = { id: graph.nextId(), op: definition, inputs, outputs: {} as Record<string, Value>, attributes };
    for (const [port, type] of Object.entries(types)) {
      const source = { kind: "output", node, port } as const;
      node.outputs[port] = { graph, id: graph.nextId(), shape: type.shape, dtype: type.dtype, source };
    }
    graph.nodes.push(node);
    return node.outputs;
  };
  return Object.assign(apply, { definition }) as unknown as OpFunction<Input, Optional, Extra, Attributes>;
};

/** The `vjp` of an op that is itself part of a gradient: second derivatives are not offered, and asking for one is a programmer's error. */
export const onceDifferentiable = (name: string) => (): never => {
  throw new Error(`${name} is part of a gradient and has no gradient of its own`);
};

/** The shape rule's complaint. */
export const mustFit = (condition: boolean, message: string): void => {
  if (!condition) throw new Error(message);
};
