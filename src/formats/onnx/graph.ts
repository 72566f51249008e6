import type { ConstantTensor } from "./wire/tensor-values.ts";

/** A node's attribute, by what it holds. */
export type AttributeValue =
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "tensor"; readonly value: ConstantTensor }
  | { readonly type: "floats"; readonly value: readonly number[] }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "strings"; readonly value: readonly string[] };

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** "" is the standard's own. */
  readonly domain: string;
  /** "" where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** An input or output of the graph. A size that the file leaves open is a name, or null without one. */
export interface OnnxPort {
  readonly name: string;
  readonly elementType: number;
  /** null: the file says nothing of it. */
  readonly dims: readonly (number | string | null)[] | null;
}

export interface OnnxGraph {
  /** Of the standard's operators. */
  readonly opset: number;
  readonly producer: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, ConstantTensor>;
  /** Without those that only name initialisers. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Readers of a node's attributes; a wrong type counts as absent where the schema has a default. */
export const intOf = (node: OnnxNode, name: string, otherwise: number): number => {
  const found = node.attributes.get(name);
  return found?.type === "int" ? found.value : otherwise;
};

export const floatOf = (node: OnnxNode, name: string, otherwise: number): number => {
  const found = node.attributes.get(name);
  return found?.type === "float" || found?.type === "int" ? found.value : otherwise;
};

export const stringOf = (node: OnnxNode, name: string, otherwise: string): string => {
  const found = node.attributes.get(name);
  return found?.type === "string" ? found.value : otherwise;
};

export const intsOf = (node: OnnxNode, name: string): readonly number[] | null => {
  const found = node.attributes.get(name);
  return found?.type === "ints" ? found.value : null;
};
