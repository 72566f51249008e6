import { invalidAt } from "../../domain/errors.ts";
import type { OnnxGraph, OnnxPort } from "./graph.ts";

type Size = number | string | null;

const isOpen = (size: Size): boolean => typeof size !== "number" || size <= 0;

/** Sizes behind the batch that a file leaves open: each name once, and each that has none. */
const openIn = (ports: readonly OnnxPort[]): (string | null)[] => {
  const sizes = ports.flatMap(({ dims }) => (dims ?? []).slice(1)).filter(isOpen);
  const names = sizes.map((size) => (typeof size === "string" && size !== "" ? size : null));
  return names.filter((name, i) => name === null || names.indexOf(name) === i);
};

/** The graph with sizes in place of those that its inputs leave open behind the batch, in the file's order; what bears one name is of one size. */
export const withSizes = (graph: OnnxGraph, stated: readonly number[]): OnnxGraph => {
  const open = openIn(graph.inputs);
  if (open.length !== stated.length) {
    const names = open.map((name) => (name === null ? "one without a name" : JSON.stringify(name.slice(0, 100))));
    const what =
      open.length === 0 ? "leaves no size open" : `leaves ${open.length} open (${names.slice(0, 8).join(", ")})`;
    throw invalidAt("/query/sizes", `has ${stated.length} sizes, and the file ${what} behind the batch`);
  }
  const byName = new Map(open.flatMap((name, i) => (name === null ? [] : [[name, stated[i]!] as const])));
  const nameless = stated.filter((_, i) => open[i] === null);
  const filled = (size: Size): Size => {
    if (!isOpen(size)) return size;
    return (typeof size === "string" ? byName.get(size) : undefined) ?? nameless.shift() ?? size;
  };
  const inputs = graph.inputs.map((port) => ({
    ...port,
    dims: port.dims?.map((size, axis) => (axis === 0 ? size : filled(size))) ?? null,
  }));
  return { ...graph, inputs };
};
