import type { NetworkDescription } from "../../domain/models/network.ts";
import type { OnnxGraph } from "./graph.ts";
import { type FinishedNetwork, finishNetwork } from "./lowering/finish.ts";
import { lowerGraph } from "./lowering/lower-graph.ts";
import { withSizes } from "./open-sizes.ts";
import { readGraph } from "./read-graph.ts";
import type { ExternalFiles } from "./wire/tensor-values.ts";

export interface ReadNetwork extends FinishedNetwork {
  readonly warnings: readonly string[];
  readonly producer: string;
  readonly opset: number;
  /** What the file says of itself. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Whether batch norms seem to have been folded into the convolutions before them. */
const foldedNorms = (network: NetworkDescription): boolean => {
  const convolutions = network.nodes.filter(({ op }) => op === "conv");
  const biased = convolutions.filter((node) => node.op === "conv" && node.bias !== null);
  const deep = convolutions.length >= 15 && biased.length >= 0.9 * convolutions.length;
  const joins = network.nodes.some((node) => node.op === "binary" && node.kind === "add");
  return deep && joins && !network.nodes.some(({ op }) => op === "batchNorm");
};

const foldedAdvice =
  "batch norms seem to be folded into the convolutions, as exports for inference have it: fine-tune the head or the last layers only, or export again with " +
  "them kept: torch.onnx.export(model, x, path, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False, dynamo=False), or with dynamo=True and optimize=False";

/** An ONNX file as a network that the engine can run and train, with its weights in the engine's layout. `sizes`: those that its inputs leave open behind the batch. */
export const readOnnxNetwork = (bytes: Uint8Array, files?: ExternalFiles, sizes?: readonly number[]): ReadNetwork => {
  const graph = readGraph(bytes, files);
  return networkOfGraph(sizes === undefined ? graph : withSizes(graph, sizes));
};

/** A graph's meaning, wherever the graph comes from. */
export const networkOfGraph = (graph: OnnxGraph): ReadNetwork => {
  const lowered = lowerGraph(graph);
  const finished = finishNetwork(lowered);
  const warnings = [...lowered.lowering.warnings];
  const tied = [...lowered.lowering.taken].filter(([, count]) => count > 1);
  if (tied.length > 0) {
    const names = tied.slice(0, 5).map(([name, count]) => `${name} (${count} times)`);
    warnings.push(
      `initialisers that several nodes share are parted, one for each use: ${names.join(", ")}${tied.length > 5 ? ` and ${tied.length - 5} more` : ""}`,
    );
  }
  if (lowered.lowering.fixedBatch !== null) {
    warnings.push(`the file fixes the batch to ${lowered.lowering.fixedBatch}; it is taken for the batch of any size`);
  }
  if (foldedNorms(finished.network)) warnings.push(foldedAdvice);
  return { ...finished, warnings, producer: graph.producer, opset: graph.opset, metadata: graph.metadata };
};
