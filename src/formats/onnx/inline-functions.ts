import { unsupportedOnnx } from "./onnx-error.ts";
import type { AttributeMessage, FunctionMessage, NodeMessage } from "./wire/schema.ts";

const deepest = 16;
const keyOf = (domain: string | undefined, name: string | undefined): string => `${domain ?? ""}:${name ?? ""}`;

/** A function's node for one of its calls: values renamed, attributes that name the call's own filled in. */
const instantiate = (
  node: NodeMessage,
  rename: (value: string) => string,
  given: ReadonlyMap<string, AttributeMessage>,
  name: string,
): NodeMessage => ({
  ...node,
  name: `${name}/${node.name ?? node.op ?? ""}`,
  inputs: node.inputs.map(rename),
  outputs: node.outputs.map(rename),
  attributes: node.attributes.flatMap((attribute) => {
    if (attribute.reference === undefined || attribute.reference === "") return [attribute];
    const value = given.get(attribute.reference);
    return value === undefined ? [] : [{ ...value, name: attribute.name ?? "" }];
  }),
});

const expand = (call: NodeMessage, own: FunctionMessage, at: string): NodeMessage[] => {
  const names = new Map<string, string>();
  for (const [i, input] of own.inputs.entries()) names.set(input, call.inputs[i] ?? "");
  for (const [i, output] of own.outputs.entries()) names.set(output, call.outputs[i] || `${at}/${output}`);
  const rename = (value: string): string => (value === "" ? "" : (names.get(value) ?? `${at}/${value}`));
  const given = new Map(call.attributes.map((attribute) => [attribute.name ?? "", attribute]));
  return own.nodes.map((node) => instantiate(node, rename, given, call.name || at));
};

/** The graph's nodes with calls of the file's own functions replaced by their bodies. */
export const inlineFunctions = (
  nodes: readonly NodeMessage[],
  functions: readonly FunctionMessage[],
  mostNodes: number,
  depth = 0,
): readonly NodeMessage[] => {
  if (functions.length === 0) return nodes;
  const known = new Map(functions.map((own) => [keyOf(own.domain, own.name), own]));
  if (!nodes.some((node) => known.has(keyOf(node.domain, node.op)))) return nodes;
  if (depth >= deepest) throw unsupportedOnnx(`the file's functions call each other more than ${deepest} deep`);
  const inlined: NodeMessage[] = [];
  for (const [index, node] of nodes.entries()) {
    const own = known.get(keyOf(node.domain, node.op));
    if (own === undefined) inlined.push(node);
    else for (const inner of expand(node, own, `call${depth}.${index}`)) inlined.push(inner);
    if (inlined.length > mostNodes) throw unsupportedOnnx(`the graph has more than ${mostNodes} nodes`);
  }
  return inlineFunctions(inlined, functions, mostNodes, depth + 1);
};
