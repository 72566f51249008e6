import { assert } from "../domain/errors.ts";
import type { ImagePreprocessing } from "../domain/models/image-preprocessing.ts";
import type { FeatureTransform, Model } from "../domain/models/model.ts";
import type { ClusterModel } from "../engine/cluster/predict-clusters.ts";
import { createGraph } from "../engine/graph/graph.ts";
import { predictionValue } from "../engine/nn/losses.ts";
import { type TracedSpec, traceOfJob } from "../engine/nn/models.ts";
import { createScope } from "../engine/nn/scope.ts";
import { createOnnxBuilder, type OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import type { OnnxFile } from "../formats/onnx/writing/onnx-file.ts";
import { answerOutputs } from "./answers.ts";
import { clusterOutputs } from "./clusters.ts";
import { type EncodedColumns, encodeColumns } from "./encode-columns.ts";
import { translateGraph } from "./translate-graph.ts";
import { batchRows, createTranslation, toChannelsLast } from "./translation.ts";

/** A model of a job, with what its stored file holds. */
export type ModelContent =
  | { readonly type: "network"; readonly spec: TracedSpec; readonly weights: ReadonlyMap<string, Float32Array> }
  | { readonly type: "clusters"; readonly clusters: ClusterModel };

type Described = Pick<Model, "id" | "name" | "digest" | "task" | "preprocessing">;

/** Inputs as the network takes them: a table of numbers, or the pixels of a picture with the channels first. */
const encodedInputs = (build: OnnxBuilder, { preprocessing }: Described): EncodedColumns => {
  const { features, inputs } = preprocessing;
  const [only] = features;
  if (features.length === 1 && only?.type === "image") {
    const { channels } = only;
    const { height, width } = only.crop ?? only;
    const name = build.input(only.column, { type: "float", dims: ["batch", channels, height, width] });
    return { inputs: null, picture: { name, size: [height, width, channels] }, anyInput: name };
  }
  const name = build.input("features", { type: "float", dims: ["batch", inputs] });
  return { inputs: name, picture: null, anyInput: name };
};

const networkOutputs = (
  build: OnnxBuilder,
  model: Described,
  content: Extract<ModelContent, { type: "network" }>,
  encoded: EncodedColumns,
  asPredicted: boolean,
): void => {
  const { inputs, outputs } = model.preprocessing;
  const graph = createGraph();
  const x = graph.leaf("input", [batchRows, inputs]);
  const linear = traceOfJob(content.spec)(
    createScope(graph, false, () => false),
    x,
    outputs,
  );
  const answer = predictionValue(content.spec.loss, linear);
  const t = createTranslation(build, encoded.anyInput, content.weights);
  if (encoded.inputs !== null) t.hold(x, { plain: encoded.inputs });
  else if (encoded.picture !== null) t.hold(x, { picture: encoded.picture });
  translateGraph(t, graph);
  if (asPredicted) {
    answerOutputs(build, model, encoded.inputs, t.plain(answer));
    return;
  }
  build.output("output", t.plain(linear), { type: "float", dims: ["batch", outputs] });
  if (answer === linear) return;
  const name = model.preprocessing.label.type === "classes" ? "probabilities" : "rate";
  build.output(name, t.plain(answer), { type: "float", dims: ["batch", outputs] });
};

/** An image's two steps, to the data set's size and to the network's, as one. */
const wholePreprocessing = (feature: Extract<FeatureTransform, { type: "image" }>): ImagePreprocessing => {
  const { height, width, shorterSide, crop, mean, scale, channelOrder } = feature;
  const inOrder = (values: readonly number[]): number[] =>
    channelOrder === "bgr" ? [...values].reverse() : [...values];
  const resize = crop === undefined ? 1 : crop.shorterSide / Math.min(height, width);
  return {
    shorterSide: Math.round(shorterSide * resize),
    ...{ height: crop?.height ?? height, width: crop?.width ?? width },
    ...{ scale: 1, mean: inOrder(mean), deviation: inOrder(scale) },
    ...(channelOrder === undefined ? {} : { channelOrder }),
  };
};

/** What the file says of where it comes from, and what its numbers do not. */
const metadataOf = (model: Described, inside: boolean): ReadonlyMap<string, string> => {
  const { id, digest, task, preprocessing } = model;
  const metadata = new Map([
    ["descent.model", id],
    ["descent.digest", digest],
    ["descent.task", task.type],
    ["descent.preprocessing", inside ? "inside" : "outside"],
  ]);
  const { features, label } = preprocessing;
  if (label.type === "classes") metadata.set("descent.classes", JSON.stringify(label.classes));
  for (const feature of features) {
    if (feature.type !== "image") continue;
    const { height, width, channels, shorterSide } = feature;
    // With the preprocessing inside, how the picture is cut; else all that stands before the network, as an import takes it.
    const image = inside ? { shorterSide, height, width, channels } : wholePreprocessing(feature);
    metadata.set("descent.image", JSON.stringify(image));
  }
  return metadata;
};

/**
 * A model of a job as an ONNX file. With its preprocessing: the data set's columns in, what a prediction says out. Without: the encoded inputs in, what the
 * network makes of them out, before its link (`output`) and behind it; clusterings say the same either way. `over_limit` beyond 2 GiB.
 */
export const exportModel = (
  model: Described,
  content: ModelContent,
  { preprocessing }: { readonly preprocessing: boolean },
): OnnxFile => {
  const build = createOnnxBuilder();
  const encoded = preprocessing ? encodeColumns(build, model.preprocessing) : encodedInputs(build, model);
  if (content.type === "network") networkOutputs(build, model, content, encoded, preprocessing);
  else {
    const { inputs } = model.preprocessing;
    const flat = encoded.inputs ?? flattened(build, encoded, inputs);
    clusterOutputs(build, content.clusters, flat, inputs, model.task.type === "density_estimation");
  }
  return build.finish({ name: model.name, metadata: metadataOf(model, preprocessing) });
};

/** Pixels in the order of the data set's: height, width, channels. */
const flattened = (build: OnnxBuilder, { picture }: EncodedColumns, inputs: number): string => {
  assert(picture !== null, "columns are encoded as a table or as a picture");
  return build.reshape(toChannelsLast(build, picture.name), [-1, inputs]);
};
