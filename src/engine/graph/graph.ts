import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Emitter, Place } from "./emitter.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor of the graph: a leaf that lies somewhere in memory, or the output of a node. */
export interface Value extends TensorType {
  readonly graph: Graph;
  /** Values and nodes are numbered as they are made: the order of numbers is an order of computation. */
  readonly id: number;
  readonly source: Leaf | NodeOutput;
}

export interface Leaf {
  readonly kind: "leaf";
  /** Where the tensor lies is looked up by this name when the plan is made. */
  readonly name: string;
}

export interface NodeOutput {
  readonly kind: "output";
  readonly node: Node;
  readonly port: string;
}

/** An op's rule whose own types are forgotten, as the graph and the planner handle it. */
export interface OpDefinition {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly alias: string | null;
  readonly again: OpDefinition | null;
  readonly droppable: readonly string[];
  shape(inputs: Readonly<Record<string, TensorType | null>>, attributes: unknown): Readonly<Record<string, TensorType>>;
  forward(
    emit: Emitter,
    places: Readonly<Record<string, Place>>,
    attributes: unknown,
    types: Readonly<Record<string, TensorType | null>>,
  ): void;
  vjp(
    g: Value,
    values: Readonly<Record<string, Value | null>>,
    attributes: unknown,
  ): Readonly<Record<string, Value | null>>;
  cost(types: Readonly<Record<string, TensorType | null>>, attributes: unknown): number;
}

export interface Node {
  readonly id: number;
  readonly op: OpDefinition;
  readonly inputs: Readonly<Record<string, Value | null>>;
  readonly outputs: Record<string, Value>;
  readonly attributes: unknown;
}

/** Numbers that are the same in every step; the memory holds them before the first. */
export interface Constant extends TensorType {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Graph {
  readonly nodes: Node[];
  readonly constants: Map<string, Constant>;
  /** Values computed for what they do to memory (a running average), whether or not anything reads them. */
  readonly effects: Value[];
  leaf(name: string, shape: Shape, dtype?: DType): Value;
  constant(values: readonly number[], shape: Shape, dtype?: DType): Value;
  nextId(): number;
}

export const createGraph = (): Graph => {
  let ids = 0;
  const leaves = new Map<string, Value>();
  const graph: Graph = {
    nodes: [],
    constants: new Map(),
    effects: [],
    nextId: () => ids++,
    leaf: (name, shape, dtype = "float") => {
      const known = leaves.get(name);
      if (known) return known;
      const value: Value = { graph, id: ids++, shape, dtype, source: { kind: "leaf", name } };
      leaves.set(name, value);
      return value;
    },
    constant: (values, shape, dtype = "float") => {
      const name = `constant:${dtype}:[${shape.join()}]:${values.join()}`;
      graph.constants.set(name, { name, values, shape, dtype });
      return graph.leaf(name, shape, dtype);
    },
  };
  return graph;
};

/** The value, if it is a constant of the graph. */
export const constantOf = (value: Value): Constant | undefined =>
  value.source.kind === "leaf" ? value.graph.constants.get(value.source.name) : undefined;

/** Whether a value is the constant 1 (the seed of a gradient). */
export const isOne = (value: Value): boolean => constantOf(value)?.values.every((element) => element === 1) ?? false;
