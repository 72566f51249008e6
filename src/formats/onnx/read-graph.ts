import type { AttributeValue, OnnxGraph, OnnxNode, OnnxPort } from "./graph.ts";
import { inlineFunctions } from "./inline-functions.ts";
import { malformedOnnx, unsupportedOnnx } from "./onnx-error.ts";
import { decodeMessage } from "./wire/message-codec.ts";
import {
  type AttributeMessage,
  type GraphMessage,
  type ModelMessage,
  ModelTable,
  type NodeMessage,
  type ValueInfoMessage,
} from "./wire/schema.ts";
import { type ConstantTensor, type ExternalFiles, readTensor } from "./wire/tensor-values.ts";

/** Opsets whose operators are read as their versions say. */
export const oldestOpset = 7;
export const newestOpset = 21;

const mostNodes = 100_000;
const controlFlow = new Set(["If", "Loop", "Scan", "SequenceMap"]);

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** AttributeProto.AttributeType */
const readAttribute = (message: AttributeMessage, files: ExternalFiles): AttributeValue | null => {
  switch (message.type) {
    case 1:
      return { type: "float", value: message.float ?? 0 };
    case 2:
      return { type: "int", value: message.int ?? 0 };
    case 3:
      return { type: "string", value: text(message.string ?? new Uint8Array()) };
    case 4:
      return message.tensor === undefined ? null : { type: "tensor", value: readTensor(message.tensor, files) };
    case 6:
      return { type: "floats", value: message.floats };
    case 7:
      return { type: "ints", value: message.ints };
    case 8:
      return { type: "strings", value: message.strings.map(text) };
    default:
      return null;
  }
};

const readNode = (message: NodeMessage, index: number, files: ExternalFiles): OnnxNode => {
  const op = message.op ?? "";
  const name = message.name || message.outputs[0] || `node ${index}`;
  if (controlFlow.has(op)) {
    const remedy = "export the network for one path, without control flow";
    throw unsupportedOnnx(
      `node ${JSON.stringify(name)} is control flow (${op}), which cannot be trained here; ${remedy}`,
    );
  }
  const attributes = new Map<string, AttributeValue>();
  for (const attribute of message.attributes) {
    const value = readAttribute(attribute, files);
    if (attribute.name !== undefined && value !== null) attributes.set(attribute.name, value);
  }
  const domain = message.domain === "ai.onnx" ? "" : (message.domain ?? "");
  return { name, op, domain, inputs: message.inputs, outputs: message.outputs, attributes };
};

const readPort = ({ name, type }: ValueInfoMessage): OnnxPort => {
  const tensor = type?.tensor;
  if (name === undefined || tensor === undefined)
    throw unsupportedOnnx(`the input or output ${JSON.stringify(name ?? "")} is not a tensor`);
  const dims = tensor.shape?.dims.map(({ value, parameter }) => value ?? parameter ?? null) ?? null;
  return { name, elementType: tensor.elementType ?? 0, dims };
};

const requireOpset = (model: ModelMessage): number => {
  const own = model.operatorSets.find(({ domain }) => domain === undefined || domain === "" || domain === "ai.onnx");
  const version = own?.version ?? 0;
  if (version >= oldestOpset && version <= newestOpset) return version;
  throw unsupportedOnnx(
    `the file is of opset ${version}; opsets ${oldestOpset} to ${newestOpset} can be read: export it with opset_version=17`,
  );
};

const readInitializers = (graph: GraphMessage, files: ExternalFiles): Map<string, ConstantTensor> => {
  const read = new Map<string, ConstantTensor>();
  for (const message of graph.initializers) {
    if (message.name === undefined || message.name === "") throw malformedOnnx("an initialiser has no name");
    if (read.has(message.name)) throw malformedOnnx(`two initialisers are called ${JSON.stringify(message.name)}`);
    read.set(message.name, readTensor(message, files));
  }
  return read;
};

/** Reads a model file into its graph: values and nodes, nothing of what they mean. */
export const readGraph = (bytes: Uint8Array, files: ExternalFiles = () => undefined): OnnxGraph => {
  const model = decodeMessage(bytes, ModelTable) as ModelMessage;
  const { graph } = model;
  if (graph === undefined || graph.nodes.length === 0) throw malformedOnnx("it holds no graph");
  const opset = requireOpset(model);
  const messages = inlineFunctions(graph.nodes, model.functions, mostNodes);
  if (messages.length > mostNodes)
    throw unsupportedOnnx(`the graph has ${messages.length} nodes; at most ${mostNodes} can be read`);
  const metadata = new Map(model.metadata.map(({ key, value }) => [key ?? "", value ?? ""]));
  // Ours, with text and 8-bit pixels in its graph.
  if (metadata.get("descent.preprocessing") === "inside")
    throw unsupportedOnnx(
      "the file was exported here with its preprocessing inside: export the network alone, with ?preprocessing=false",
    );
  const initializers = readInitializers(graph, files);
  return {
    opset,
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" ").slice(0, 200),
    nodes: messages.map((message, index) => readNode(message, index, files)),
    initializers,
    inputs: graph.inputs.filter(({ name }) => !initializers.has(name ?? "")).map(readPort),
    outputs: graph.outputs.map(readPort),
    metadata,
  };
};
