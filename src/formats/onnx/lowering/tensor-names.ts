import type { OnnxNode } from "../graph.ts";

/** Names that exporters make up for weights they changed: `onnx::Conv_193`, `123`. */
const isMadeUp = (name: string): boolean => /::|^\d+$|_output_\d+$|^val_\d+$/.test(name);

/** The module that a node's name tells of: `/layer1/layer1.0/conv1/Conv` is of `layer1.0.conv1`. */
export const moduleOf = (node: OnnxNode): string => {
  if (!node.name.includes("/")) return node.name.replaceAll("::", "_");
  const parts = node.name.split("/").filter((part) => part !== "");
  if (parts.length > 1) parts.pop();
  return parts.reduce((path, part) => (path === "" || part.startsWith(`${path}.`) ? part : `${path}.${part}`), "");
};

/** A tensor's name: the file's own where it says something, else the node's module and what it is there. */
export const tensorName = (source: string | null, node: OnnxNode, part: string): string =>
  source === null || isMadeUp(source) ? `${moduleOf(node) || node.op}.${part}` : source;

/** `conv1.weight` is of the layer `conv1`. */
export const layerOfName = (name: string): string => {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
};
