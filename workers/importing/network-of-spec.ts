import { ServiceError } from "../../src/domain/errors.ts";
import { ModelSpec } from "../../src/domain/jobs/spec/model-spec.ts";
import { ModelShapeError } from "../../src/engine/nn/errors.ts";
import { sameShape } from "../../src/engine/tensor/shape.ts";
import { fileOfSpec, tensorsOfSpec } from "../../src/exporting/file-of-spec.ts";
import { listed } from "../../src/formats/architectures/families.ts";
import { type ReadNetwork, readOnnxNetwork } from "../../src/formats/onnx/read-network.ts";
import type { ForeignTensor } from "../../src/formats/safetensors/foreign-tensors.ts";
import { parse } from "../../src/usecases/admission/parse.ts";

const at = "/query/architecture";

const refused = (code: "invalid" | "unprocessable", detail: string, pointer = at): ServiceError =>
  new ServiceError(code, code === "invalid" ? `${pointer}: ${detail}` : detail, { errors: [{ pointer, detail }] });

const parseSpec = (text: string): ModelSpec => {
  let spec: unknown;
  try {
    spec = JSON.parse(text);
  } catch {
    throw refused("invalid", 'must be the name of an architecture, or a model\'s spec as JSON: {"type": "mlp", …}');
  }
  return parse(ModelSpec, spec, { base: at });
};

/** How wide the ends of the network are: what its first and its last layer tell. */
const endsOf = (
  spec: ModelSpec,
  shapes: ReadonlyMap<string, readonly number[]>,
): { inputs: number; outputs: number } => {
  const firstOf: Partial<Record<ModelSpec["type"], string>> = {
    mlp: "hidden.0.weight",
    autoencoder: "encoder.0.weight",
  };
  const picture = spec.type === "cnn" ? spec.input : undefined;
  if (spec.type === "cnn" && picture === undefined)
    throw refused("invalid", "must state the height, width and channels of the image", `${at}/input`);
  const [first, last] = [shapes.get(firstOf[spec.type] ?? "output.weight"), shapes.get("output.weight")];
  const inputs = picture === undefined ? first?.[0] : picture.height * picture.width * picture.channels;
  const outputs = last?.[1];
  if (inputs !== undefined && outputs !== undefined && inputs > 0 && outputs > 0) return { inputs, outputs };
  const missing = first?.[0] === undefined ? (firstOf[spec.type] ?? "output.weight") : "output.weight";
  throw refused(
    "unprocessable",
    `the file's tensors are not those of this spec: missing: ${missing}, a matrix of inputs by units`,
  );
};

/** What the file lacks, has beyond, or has in another shape: by name. */
const requireTensors = (wanted: ReadonlyMap<string, readonly number[]>, file: readonly ForeignTensor[]): void => {
  const shapes = new Map(file.map(({ name, shape }) => [name, shape]));
  const missing = [...wanted.keys()].filter((name) => !shapes.has(name));
  const odd = [...wanted].flatMap(([name, shape]) => {
    const own = shapes.get(name);
    if (own === undefined || sameShape(own, shape)) return [];
    return [`${name} [${own.join(", ")}] instead of [${shape.join(", ")}]`];
  });
  const words = file.filter(({ name, data }) => wanted.has(name) && data === null).map(({ name }) => name);
  const extra = [...shapes.keys()].filter((name) => !wanted.has(name));
  const problems = [
    ...(missing.length > 0 ? [`missing: ${listed(missing)}`] : []),
    ...(odd.length > 0 ? [`of another shape: ${listed(odd)}`] : []),
    ...(words.length > 0 ? [`not floating-point numbers: ${listed(words)}`] : []),
    ...(extra.length > 0 ? [`not part of it: ${listed(extra)}`] : []),
  ];
  if (problems.length > 0)
    throw refused("unprocessable", `the file's tensors are not those of this spec: ${problems.join("; ")}`);
};

/**
 * A safetensors file as the network of a model's spec, with the names and shapes that `/weights` gives: how a model comes back, or to another server.
 * It answers its last layer's output; what is dropped in training is not part of it.
 */
export const networkOfSpec = (text: string, file: readonly ForeignTensor[]): ReadNetwork => {
  const spec = parseSpec(text);
  if (spec.type === "k_means" || spec.type === "gaussian_mixture" || spec.type === "network")
    throw refused("invalid", `${spec.type} has no layers: give the spec of a network`, `${at}/type`);
  if (spec.type === "ensemble")
    throw refused(
      "invalid",
      "how the members of an ensemble are averaged depends on its loss, which a model's spec does not tell: import its ONNX file instead (GET /v1/models/{id}/onnx)",
      `${at}/type`,
    );
  try {
    const ends = endsOf(spec, new Map(file.map(({ name, shape }) => [name, shape])));
    requireTensors(tensorsOfSpec(spec, ends.inputs, ends.outputs), file);
    const weights = new Map(file.flatMap(({ name, data }) => (data === null ? [] : [[name, data] as const])));
    const { chunks } = fileOfSpec(spec, ends, weights);
    return readOnnxNetwork(Buffer.concat(chunks));
  } catch (error) {
    if (!(error instanceof ModelShapeError)) throw error;
    throw refused("invalid", error.message, `${at}${error.pointer.replace(/^\/model/, "")}`);
  }
};
