import { elementTypes } from "../wire/schema.ts";
import { type ConstantData, type OnnxFile, onnxFile, type WrittenTensor } from "./onnx-file.ts";

/** What the files that are written keep to: operators as this version of the standard has them, and as onnxruntime and Debian's onnx know them. */
export const writtenOpset = 17;
const writtenIr = 8;
const learningDomain = "ai.onnx.ml";
const learningOpset = 3;

export type ElementName = "float" | "double" | "int64" | "string" | "uint8";

/** `batch` is a size that the caller chooses with each run. */
export interface PortType {
  readonly type: ElementName;
  readonly dims: readonly (number | "batch")[];
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly strings: readonly string[] };

/** AttributeProto.AttributeType */
const attributeCodes = { float: 1, int: 2, string: 3, ints: 7, strings: 8 } as const;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const toMessage = (name: string, attribute: Attribute) => {
  const base = { name, floats: [], ints: [], strings: [] };
  if ("int" in attribute) return { ...base, int: attribute.int, type: attributeCodes.int };
  if ("float" in attribute) return { ...base, float: attribute.float, type: attributeCodes.float };
  if ("string" in attribute) return { ...base, string: bytesOf(attribute.string), type: attributeCodes.string };
  if ("ints" in attribute) return { ...base, ints: [...attribute.ints], type: attributeCodes.ints };
  return { ...base, strings: attribute.strings.map(bytesOf), type: attributeCodes.strings };
};

interface Written {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

interface Port extends PortType {
  readonly name: string;
}

/** Builds a graph value by value; a value is its name. */
export interface OnnxBuilder {
  input(name: string, type: PortType): string;
  /** A node of one output. "" leaves an optional input out. */
  node(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string;
  /** A tensor of the file, under its own name where it has one. */
  constant(dims: readonly number[], data: ConstantData, name?: string): string;
  /** A single number. */
  scalar(value: number, type?: "float" | "double"): string;
  integers(values: readonly number[]): string;
  /** The same elements in another shape; at most one size may be −1. */
  reshape(value: string, dims: readonly number[]): string;
  /** The value leaves the graph under this name, or one like it if it is taken; the name. */
  output(name: string, value: string, type: PortType): string;
  finish(about: { readonly name: string; readonly metadata: ReadonlyMap<string, string> }): OnnxFile;
}

const createNames = () => {
  const taken = new Set<string>();
  return (wanted: string): string => {
    let name = wanted;
    for (let copy = 2; taken.has(name); copy++) name = `${wanted}_${copy}`;
    taken.add(name);
    return name;
  };
};

/** Nodes that the outputs need, in their order. */
const neededOf = (nodes: readonly Written[], outputs: Iterable<string>): { nodes: Written[]; values: Set<string> } => {
  const values = new Set(outputs);
  const kept: Written[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => values.has(output))) continue;
    for (const input of node.inputs) values.add(input);
    kept.push(node);
  }
  return { nodes: kept.reverse(), values };
};

const portMessage = ({ name, type, dims }: Port) => ({
  name,
  type: {
    tensor: {
      elementType: elementTypes[type],
      shape: { dims: dims.map((size) => (size === "batch" ? { parameter: "batch" } : { value: size })) },
    },
  },
});

interface Output extends Port {
  readonly value: string;
}

interface Parts {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Output[];
  readonly nodes: readonly Written[];
  readonly tensors: readonly WrittenTensor[];
  /** Whether a node makes this value. */
  isMade(value: string): boolean;
}

/** A value is called what it leaves as, unless it comes in, is a tensor of the file, or leaves already: then it is copied. */
const namedOutputs = ({ outputs, nodes, isMade }: Parts) => {
  const called = new Map<string, string>();
  const copies: Written[] = [];
  for (const { name, value } of outputs) {
    if (isMade(value) && !called.has(value)) called.set(value, name);
    else copies.push({ op: "Identity", domain: "", attributes: {}, inputs: [value], outputs: [name] });
  }
  const wanted = outputs.map(({ name, value }) => (called.get(value) === name ? value : name));
  return { nameOf: (value: string) => called.get(value) ?? value, ...neededOf([...nodes, ...copies], wanted) };
};

const finished = (parts: Parts, { name, metadata }: Parameters<OnnxBuilder["finish"]>[0]): OnnxFile => {
  const { nameOf, nodes, values } = namedOutputs(parts);
  const usesLearning = nodes.some(({ domain }) => domain === learningDomain);
  const learning = usesLearning ? [{ domain: learningDomain, version: learningOpset }] : [];
  const model = {
    irVersion: writtenIr,
    producerName: "descent",
    operatorSets: [{ domain: "", version: writtenOpset }, ...learning],
    metadata: [...metadata].map(([key, value]) => ({ key, value })),
  };
  const graph = {
    name,
    nodes: nodes.map((own) => ({
      op: own.op,
      name: own.outputs[0]!,
      ...(own.domain === "" ? {} : { domain: own.domain }),
      inputs: own.inputs.map(nameOf),
      outputs: own.outputs.map(nameOf),
      attributes: Object.entries(own.attributes).map(([key, value]) => toMessage(key, value)),
    })),
    inputs: parts.inputs.map(portMessage),
    outputs: parts.outputs.map(portMessage),
  };
  return onnxFile(
    model,
    graph,
    parts.tensors.filter((tensor) => values.has(tensor.name)),
  );
};

export const createOnnxBuilder = (): OnnxBuilder => {
  const unique = createNames();
  const inputs: Port[] = [];
  const outputs: Output[] = [];
  const nodes: Written[] = [];
  const tensors: WrittenTensor[] = [];
  const madeBy = new Map<string, Written>();
  const known = new Map<string, string>();
  const node: OnnxBuilder["node"] = (op, from, attributes = {}) => {
    const name = unique(`${op.charAt(0).toLowerCase()}${op.slice(1)}_${nodes.length}`);
    const domain = op === "LabelEncoder" ? learningDomain : "";
    const written: Written = { op, domain, inputs: from, outputs: [name], attributes };
    nodes.push(written);
    madeBy.set(name, written);
    return name;
  };
  const constant: OnnxBuilder["constant"] = (dims, data, wanted) => {
    const name = unique(wanted ?? `constant_${tensors.length}`);
    tensors.push({ name, dims, data });
    return name;
  };
  /** Small constants that are stated again are the same. */
  const once = (key: string, make: () => string): string => {
    const name = known.get(key) ?? make();
    known.set(key, name);
    return name;
  };
  const integers: OnnxBuilder["integers"] = (values) =>
    once(`integers:${values.join()}`, () => constant([values.length], BigInt64Array.from(values, BigInt)));
  return {
    node,
    constant,
    integers,
    input: (wanted, type) => {
      const name = unique(wanted);
      inputs.push({ name, ...type });
      return name;
    },
    scalar: (value, type = "float") =>
      once(`${type}:${value}`, () => constant([], type === "float" ? Float32Array.of(value) : Float64Array.of(value))),
    reshape: (value, dims) => {
      const before = madeBy.get(value);
      return node("Reshape", [before?.op === "Reshape" ? before.inputs[0]! : value, integers(dims)]);
    },
    output: (wanted, value, type) => {
      const name = unique(wanted);
      outputs.push({ name, value, ...type });
      return name;
    },
    finish: (about) => finished({ inputs, outputs, nodes, tensors, isMade: (value) => madeBy.has(value) }, about),
  };
};
