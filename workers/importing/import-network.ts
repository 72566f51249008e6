import { Readable } from "node:stream";
import { ServiceError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import type { TensorPort } from "../../src/domain/models/imported-model.ts";
import type { NetworkDescription, NetworkPort } from "../../src/domain/models/network.ts";
import { findImage } from "../../src/formats/companions/find-image.ts";
import { findLabels } from "../../src/formats/companions/find-labels.ts";
import { digestOfTensors, safetensorsChunks, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import type { ImportAnswer, ImportQuestion } from "./importer.ts";
import { readUpload } from "./read-upload.ts";

const portOf = ({ name, shape }: NetworkPort): TensorPort => ({ name, type: "float32", shape: [-1, ...shape] });

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const parametersOf = ({ tensors }: NetworkDescription): number =>
  tensors.filter(({ kind }) => kind !== "statistic").reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** Reads an uploaded file and leaves its weights and its network in the store, both under the weights' digest, if they may take as much. */
export const importNetwork = async (
  artifacts: ArtifactStore,
  { tenant, model, format, architecture, sizes, mostBytes }: ImportQuestion,
): Promise<ImportAnswer> => {
  const bytes = await artifacts.readBytes(artifactKeys.modelUpload(tenant, model));
  const { network: read, companions } = await readUpload(bytes, format, { architecture, sizes });
  const { network, data } = read;
  const parameters = parametersOf(network);
  if (parameters > limits.parameters) {
    throw new ServiceError(
      "over_limit",
      `the network has ${parameters} weights; at most ${limits.parameters} are allowed`,
    );
  }
  const inputs = network.inputs.map(portOf);
  const named = findLabels(companions, sizeOf(network.outputs[0]!.shape));
  const pictures = findImage(companions, inputs[0]);
  const tensors = network.tensors.map(
    ({ name, shape }): Tensor => ({ name, dtype: "F32", shape, data: data.get(name)! }),
  );
  const chunks = safetensorsChunks(tensors, { producer: "descent" });
  const text = Buffer.from(JSON.stringify(network));
  const needsBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, text.byteLength);
  if (needsBytes > mostBytes) return { needsBytes };
  const digest = digestOfTensors(tensors);
  const digestHex = digest.replace(/^sha256:/, "");
  const weights = await artifacts.write(artifactKeys.weights(tenant, model, digestHex), Readable.from(chunks));
  const description = await artifacts.write(artifactKeys.network(tenant, model, digestHex), text);
  const isTrained = (kind: string): boolean => kind === "weight" || kind === "offset";
  return {
    parameters,
    digest,
    files: { weights, network: description },
    architecture: architecture ?? null,
    inputs,
    outputs: network.outputs.map(portOf),
    trainable: network.tensors.filter(({ kind }) => isTrained(kind)).map(({ name }) => name),
    frozen: network.tensors.filter(({ kind }) => !isTrained(kind)).map(({ name }) => name),
    head:
      network.head === null ? null : (network.tensors.find(({ name }) => name === network.head?.weight)?.layer ?? null),
    labels: named.labels === null ? null : [...named.labels],
    image: pictures.image,
    found: [...named.found, ...pictures.found],
    warnings: [...read.warnings, ...named.warnings, ...pictures.warnings],
    producer: read.producer,
    opset: format === "safetensors" ? null : read.opset,
  };
};
