import { decodeNetworkPictures } from "../../src/data/images/network-pictures.ts";
import { encodeTensors, nestedOf, readTensorRows } from "../../src/data/preprocessing/encode-tensors.ts";
import { requireFinite } from "../../src/data/preprocessing/require-finite.ts";
import { assert, ServiceError } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import { columnsByName } from "../../src/domain/models/predictions/names-of-columns.ts";
import type { NestedNumbers, Prediction } from "../../src/domain/models/predictions/prediction.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import { exp64 } from "../../src/engine/kernels/math64.ts";
import { createNetworkPredictor, type NetworkPredictor } from "../../src/engine/train/network-predictor.ts";
import type { DecodeImage } from "../../src/formats/images/decode-image.ts";
import { decodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { weightsOf } from "../../src/store/artifacts/model-files.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import type { Answer, Encoded } from "./answer.ts";
import type { Loaded } from "./loaded-models.ts";
import { floatsOf } from "./read-content.ts";

/** What a record says of its network, as it is now. */
type Said = Pick<ImportedModel, "labels" | "image" | "inputs">;

/** A loaded network from a file. */
export interface ImportedNetwork {
  /** A request's body as the network takes it, its pictures decoded by the preprocessing that its record has now. */
  encode(model: Said, body: unknown): Promise<Encoded>;
  readonly answer: Answer;
  /** Answers with the labels that the record has now, if it has some; `unprocessable` for numbers that are none. */
  label(model: Said, predictions: readonly Prediction[]): Prediction[];
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const softmaxOf = (values: Float32Array): number[] => {
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(values, (value) => exp64(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

/** What the first output says of a row where its columns have names: a probability for each name, by a softmax if the network has none; the label is the likeliest. */
const classify = (labels: readonly string[], values: Float32Array, isProbability: boolean) => {
  const probabilities = isProbability ? Array.from(values) : softmaxOf(values);
  const named = [...columnsByName(labels)].map(([name, columns]): [string, number] => [
    name,
    columns.reduce((sum, column) => sum + probabilities[column]!, 0),
  ]);
  const [label] = named.reduce((best, other) => (other[1] > best[1] ? other : best), named[0] ?? ["", 0]);
  // fromEntries makes own properties even of names such as __proto__.
  return { label, probabilities: Object.fromEntries(named) };
};

const requireRows = (network: NetworkDescription, rows: number): void => {
  const inputs = network.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const outputs = network.outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  // A number of an answer takes about a dozen characters.
  const most = Math.max(
    1,
    Math.floor(Math.min(limits.predictInputs / inputs, limits.predictAnswerBytes / (20 * outputs))),
  );
  if (rows > most)
    throw new ServiceError(
      "too_large",
      `a row of this network has ${inputs} numbers in and ${outputs} out; send at most ${most} rows at once`,
    );
};

const createEncode =
  (network: NetworkDescription, decode: DecodeImage): ImportedNetwork["encode"] =>
  async (model, body) => {
    const rows = readTensorRows(body);
    requireRows(network, rows.length);
    const pictures = await decodeNetworkPictures(model, rows, decode);
    return { inputs: encodeTensors(network.inputs, rows, pictures), rows: rows.length };
  };

const createAnswer =
  (network: NetworkDescription, predict: NetworkPredictor["predict"]): Answer =>
  ({ inputs, rows }) => {
    const answers = predict(inputs, rows);
    return Array.from({ length: rows }, (_, row): Prediction => {
      const outputs = network.outputs.map(
        ({ name, shape }, i) => [name, nestedOf(answers[i]!, shape, row * sizeOf(shape))] as const,
      );
      return { outputs: Object.fromEntries(outputs) };
    });
  };

const flat = (value: NestedNumbers): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

const createLabel =
  ({ outputs: [first] }: NetworkDescription): ImportedNetwork["label"] =>
  ({ labels }, predictions) => {
    requireFinite(predictions, []);
    if (labels === null || first === undefined) return [...predictions];
    return predictions.map((prediction): Prediction => {
      assert("outputs" in prediction, "a network from a file answers with its outputs");
      const values = Float32Array.from(flat(prediction.outputs[first.name]!));
      return { ...prediction, ...classify(labels, values, first.softmax) };
    });
  };

/** Reads an imported network from the store and makes it ready to answer. */
export const loadImported = async (
  artifacts: ArtifactStore,
  kernels: KernelSource,
  tenant: TenantId,
  model: ImportedModel,
  decode: DecodeImage,
): Promise<Loaded<ImportedNetwork>> => {
  const network = await readNetwork(artifacts, tenant, model);
  assert(network !== null, "an imported model has a description of its network");
  const { key, check, what } = weightsOf(tenant, model);
  const file = await readVerified(artifacts, key, check, what);
  const predictor = await createNetworkPredictor(network, floatsOf(decodeSafetensors(file).tensors), kernels);
  const value = {
    encode: createEncode(network, decode),
    answer: createAnswer(network, predictor.predict),
    label: createLabel(network),
  };
  return { value, bytes: predictor.bytes };
};
