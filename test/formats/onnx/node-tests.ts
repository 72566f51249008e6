import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { NetworkPort } from "../../../src/domain/models/network.ts";
import type { KernelSource } from "../../../src/engine/kernels/engine-kernels.ts";
import { createNetworkPredictor } from "../../../src/engine/train/network-predictor.ts";
import { createFolder } from "../../../src/formats/onnx/folding/fold-node.ts";
import { readGraph } from "../../../src/formats/onnx/read-graph.ts";
import { readOnnxNetwork } from "../../../src/formats/onnx/read-network.ts";
import { decodeMessage, encodeMessage } from "../../../src/formats/onnx/wire/message-codec.ts";
import {
  elementTypes,
  type ModelMessage,
  ModelTable,
  Tensor,
  type TensorMessage,
  type ValueInfoMessage,
} from "../../../src/formats/onnx/wire/schema.ts";
import { type ConstantTensor, readTensor } from "../../../src/formats/onnx/wire/tensor-values.ts";

/** The ONNX project's own cases of its operators, where Debian's libonnx-testdata is installed. */
const root = "/usr/share/libonnx-testdata/data";
const suites = ["node", "pytorch-operator", "pytorch-converted", "simple"];
export const nodeFolder = (name: string): string => join(root, "node", name);
export const isInstalled = existsSync(join(root, "node"));

export type Outcome = "passed" | "refused" | "failed";
export interface Verdict {
  readonly name: string;
  readonly ops: readonly string[];
  /** Which inputs the network computes with: the first, all, or none (its nodes are folded). */
  readonly way: "first" | "all" | "folded";
  readonly outcome: Outcome;
  readonly reason: string;
}

interface Case {
  readonly name: string;
  readonly model: ModelMessage;
  readonly inputs: readonly TensorMessage[];
  readonly outputs: readonly TensorMessage[];
}

export const tensorsIn = (folder: string, kind: "input" | "output"): TensorMessage[] =>
  readdirSync(folder)
    .filter((file) => file.startsWith(`${kind}_`))
    .sort((a, b) => Number.parseInt(a.slice(kind.length + 1), 10) - Number.parseInt(b.slice(kind.length + 1), 10))
    .map((file) => decodeMessage(new Uint8Array(readFileSync(join(folder, file))), Tensor) as TensorMessage);

/** What a case with these words cannot tell: what is dropped in training is another generator's choice. */
const isRandom = (name: string): boolean => /training_dropout(?!_zero)/.test(name);

/** Half floats of the second kind lie in the files as whole numbers of 16 bits: the graph says what they are. */
const typed = (tensors: TensorMessage[], ports: readonly ValueInfoMessage[]): TensorMessage[] =>
  tensors.map((tensor, i) => {
    const stated = ports[i]?.type?.tensor?.elementType;
    return stated === elementTypes.bfloat16 ? { ...tensor, dataType: stated } : tensor;
  });

const casesOf = (suite: string): Case[] => {
  const folder = join(root, suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .filter((name) => existsSync(join(folder, name, "test_data_set_0")) && !isRandom(name))
    .map((name) => {
      const file = new Uint8Array(readFileSync(join(folder, name, "model.onnx")));
      const model = decodeMessage(file, ModelTable) as ModelMessage;
      const data = join(folder, name, "test_data_set_0");
      return {
        name: `${suite}/${name}`,
        model,
        inputs: typed(tensorsIn(data, "input"), model.graph!.inputs),
        outputs: typed(tensorsIn(data, "output"), model.graph!.outputs),
      };
    });
};

const noFiles = () => undefined;
const same = (ours: number, theirs: number, relative: number): boolean =>
  Object.is(ours, theirs) || ours === theirs || Math.abs(ours - theirs) <= 1e-6 + relative * Math.abs(theirs);

/** bfloat16 has 8 bits, and is taken for single precision here. */
const precisionOf = (message: TensorMessage): number => (message.dataType === elementTypes.bfloat16 ? 2 ** -7 : 1e-3);

/** What is wrong with an answer; null: nothing. The tolerances are those of the project's own runner. */
const compare = (ours: ArrayLike<number>, message: TensorMessage): string | null => {
  const expected = readTensor(message, noFiles);
  if (ours.length !== expected.data.length) return `${ours.length} numbers for ${expected.data.length}`;
  const at = expected.data.findIndex((value, i) => !same(ours[i]!, value, precisionOf(message)));
  return at < 0 ? null : `number ${at} is ${ours[at]}, not ${expected.data[at]}`;
};

/** The model with these of its inputs as tensors of the file. */
const withInitializers = ({ model, inputs }: Case, isKnown: (index: number) => boolean): Uint8Array<ArrayBuffer> => {
  const graph = model.graph!;
  const given = new Set(graph.initializers.map(({ name }) => name));
  const open = graph.inputs.filter(({ name }) => !given.has(name ?? ""));
  const known = open.flatMap(({ name }, i) => (isKnown(i) && inputs[i] ? [{ ...inputs[i], name: name ?? "" }] : []));
  const names = new Set(known.map(({ name }) => name));
  const changed = {
    ...graph,
    inputs: open.filter(({ name }) => !names.has(name ?? "")),
    initializers: [...graph.initializers, ...known],
  };
  return new Uint8Array(encodeMessage({ ...model, graph: changed }, ModelTable));
};

const toEngine = ({ data }: ConstantTensor, { shape, order }: NetworkPort): Float32Array => {
  const values = Float32Array.from(data);
  if (order.every((axis, i) => axis === i)) return values;
  const [channels, pixels] = [shape[0]!, shape[1]! * shape[2]!];
  return values.map((_, i) => {
    const row = Math.floor(i / (channels * pixels));
    return values[(row * channels + (i % channels)) * pixels + (Math.floor(i / channels) % pixels)]!;
  });
};

const computed = async (one: Case, way: "first" | "all", kernels: KernelSource): Promise<string | null> => {
  const own = one.inputs.map((message) => readTensor(message, noFiles));
  const { network, data } = readOnnxNetwork(withInitializers(one, (i) => way === "first" && i > 0));
  const rows = own[0]!.dims[0] ?? 1;
  const { predict } = await createNetworkPredictor(network, data, kernels);
  const used = own.slice(0, network.inputs.length);
  const answers = predict(
    used.map((tensor, i) => toEngine(tensor, network.inputs[i]!)),
    rows,
  );
  for (const [i, message] of one.outputs.entries()) {
    const wrong = compare(answers[i]!, message);
    if (wrong !== null) return `output ${i}: ${wrong}`;
  }
  return null;
};

class NotFolded extends Error {}

const folded = (one: Case): string | null => {
  const graph = readGraph(withInitializers(one, () => true));
  const values = new Map<string, ConstantTensor>(graph.initializers);
  const fold = createFolder();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => values.get(name));
    const made = node.domain === "" ? fold(node, inputs) : null;
    if (made === null) throw new NotFolded(`${node.op} is not folded`);
    for (const [i, tensor] of made.entries()) values.set(node.outputs[i] ?? "", tensor);
  }
  for (const [i, message] of one.outputs.entries()) {
    const expected = readTensor(message, noFiles);
    const own = values.get(graph.outputs[i]!.name);
    const wrong = own === undefined ? "is not there" : compare(own.data, message);
    if (wrong !== null) return `output ${i}: ${wrong}`;
    if (String(own!.dims) !== String(expected.dims)) return `output ${i} is [${own!.dims}], not [${expected.dims}]`;
  }
  return null;
};

const judge = async (run: () => Promise<string | null> | string | null): Promise<[Outcome, string]> => {
  try {
    const wrong = await run();
    return wrong === null ? ["passed", ""] : ["failed", wrong];
  } catch (error) {
    if (error instanceof ServiceError || error instanceof NotFolded) return ["refused", error.message];
    return ["failed", `it crashes: ${error instanceof Error ? error.message : String(error)}`];
  }
};

/** Every case in every way: computed rightly, refused with a reason, or failed. */
export const runNodeTests = async (kernels: KernelSource): Promise<Verdict[]> => {
  const verdicts: Verdict[] = [];
  for (const one of suites.flatMap(casesOf)) {
    const ops = [...new Set(one.model.graph!.nodes.map(({ op }) => op ?? ""))];
    const ways = one.inputs.length > 1 ? (["first", "all", "folded"] as const) : (["first", "folded"] as const);
    for (const way of ways) {
      const [outcome, reason] = await judge(() => (way === "folded" ? folded(one) : computed(one, way, kernels)));
      verdicts.push({ name: one.name, ops, way, outcome, reason });
    }
  }
  return verdicts;
};
