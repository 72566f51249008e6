import { assert } from "../domain/errors.ts";
import { hasDependentRows } from "../domain/jobs/spec/rows/dependent-rows.ts";
import type { Conformal } from "../domain/models/conformal.ts";
import type { FoldModel } from "../domain/models/cross-validation.ts";
import type { ImagePreprocessing } from "../domain/models/image-preprocessing.ts";
import type { FeatureTransform, Model, Preprocessing } from "../domain/models/model.ts";
import type { ClusterModel } from "../engine/cluster/predict-clusters.ts";
import { createGraph } from "../engine/graph/graph.ts";
import { predictionValue } from "../engine/nn/losses.ts";
import { type TracedSpec, traceOfJob } from "../engine/nn/models.ts";
import { createScope } from "../engine/nn/scope.ts";
import { createOnnxBuilder, type OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import type { OnnxFile } from "../formats/onnx/writing/onnx-file.ts";
import { answerOutputs, meanOutputs } from "./answers.ts";
import { clusterOutputs } from "./clusters.ts";
import { columnInputs, type EncodedColumns, encodeColumns } from "./encode-columns.ts";
import { translateGraph } from "./translate-graph.ts";
import { batchRows, createTranslation, toChannelsLast } from "./translation.ts";

/** A member of an ensemble of folds' models. */
export interface FoldContent extends FoldModel {
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** A model of a job, with what its stored file holds. */
export type ModelContent =
  | { readonly type: "network"; readonly spec: TracedSpec; readonly weights: ReadonlyMap<string, Float32Array> }
  | { readonly type: "clusters"; readonly clusters: ClusterModel }
  | { readonly type: "folds"; readonly spec: TracedSpec; readonly folds: readonly FoldContent[] };

type Described = Pick<Model, "id" | "name" | "digest" | "task" | "spec" | "refit" | "preprocessing">;

export interface ExportOptions {
  readonly preprocessing: boolean;
  /** Scores of the rows that were held out from the model, for its metadata. */
  readonly conformal?: Conformal | null;
}

/** Inputs as the network takes them: a table of numbers, or the pixels of a picture with the channels first. */
const encodedInputs = (build: OnnxBuilder, { features, inputs }: Preprocessing, suffix = ""): EncodedColumns => {
  const [only] = features;
  if (features.length === 1 && only?.type === "image") {
    const { channels } = only;
    const { height, width } = only.crop ?? only;
    const name = build.input(`${only.column}${suffix}`, { type: "float", dims: ["batch", channels, height, width] });
    return { inputs: null, picture: { name, size: [height, width, channels] }, anyInput: name };
  }
  const name = build.input(`features${suffix}`, { type: "float", dims: ["batch", inputs] });
  return { inputs: name, picture: null, anyInput: name };
};

/** The network's nodes: what it makes of the encoded inputs before its link, and behind it. */
const networkValues = (
  build: OnnxBuilder,
  { inputs, outputs }: Preprocessing,
  content: { readonly spec: TracedSpec; readonly weights: ReadonlyMap<string, Float32Array> },
  encoded: EncodedColumns,
): { linear: string; answer: string; isLinked: boolean } => {
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
  return { linear: t.plain(linear), answer: t.plain(answer), isLinked: answer !== linear };
};

/** What a network says where nothing is known of its columns. */
const plainOutputs = (
  build: OnnxBuilder,
  { label, outputs }: Preprocessing,
  { linear, answer, isLinked }: ReturnType<typeof networkValues>,
  suffix = "",
): void => {
  build.output(`output${suffix}`, linear, { type: "float", dims: ["batch", outputs] });
  if (!isLinked) return;
  const name = label.type === "classes" ? "probabilities" : "rate";
  build.output(`${name}${suffix}`, answer, { type: "float", dims: ["batch", outputs] });
};

const networkOutputs = (
  build: OnnxBuilder,
  model: Described,
  content: Extract<ModelContent, { type: "network" }>,
  encoded: EncodedColumns,
  asPredicted: boolean,
): void => {
  const values = networkValues(build, model.preprocessing, content, encoded);
  if (asPredicted) answerOutputs(build, model, encoded.inputs, values.answer);
  else plainOutputs(build, model.preprocessing, values);
};

/**
 * An ensemble of folds' models, each behind its own preprocessing: as predicted, the mean of their probabilities or values; else the inputs and outputs of
 * each, `features_0`, `output_0` and so on.
 */
const foldOutputs = (
  build: OnnxBuilder,
  model: Described,
  { spec, folds }: Extract<ModelContent, { type: "folds" }>,
  asPredicted: boolean,
): void => {
  const columns = asPredicted ? columnInputs(build, model.preprocessing) : [];
  const said = folds.map(({ preprocessing, weights }, i) => {
    const suffix = `_${i}`;
    const encoded = asPredicted
      ? encodeColumns(build, preprocessing, columns)
      : encodedInputs(build, preprocessing, suffix);
    const values = networkValues(build, preprocessing, { spec, weights }, encoded);
    if (!asPredicted) plainOutputs(build, preprocessing, values, suffix);
    return { preprocessing, answer: values.answer };
  });
  if (asPredicted) meanOutputs(build, model, said);
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

/**
 * The scores by which the file's own answers get sets and intervals, as the report has them; null where these need more than what is answered: other models of
 * folds, or the rows themselves.
 */
const scoresOf = ({ spec, refit }: Described, conformal: Conformal | null): string | null => {
  if (conformal === null || !["intervals", "sets", "quantile_intervals"].includes(conformal.type)) return null;
  // Of a refit the scores are of the model before it.
  return JSON.stringify({ guaranteed: refit === undefined && !hasDependentRows(spec), ...conformal });
};

/** What the file says of where it comes from, and what its numbers do not. */
const metadataOf = (
  model: Described,
  content: ModelContent,
  { preprocessing: inside, conformal = null }: ExportOptions,
): ReadonlyMap<string, string> => {
  const { id, digest, task, preprocessing } = model;
  const metadata = new Map([
    ["descent.model", id],
    ["descent.digest", digest],
    ["descent.task", task.type],
    ["descent.preprocessing", inside ? "inside" : "outside"],
  ]);
  const { features, label, offset } = preprocessing;
  if (offset !== undefined) metadata.set(`descent.${offset.key}`, offset.column);
  if (label.type === "classes") metadata.set("descent.classes", JSON.stringify(label.classes));
  for (const feature of features) {
    if (feature.type !== "image") continue;
    const { height, width, channels, shorterSide } = feature;
    // With the preprocessing inside, how the picture is cut; else all that stands before the network, as an import takes it.
    const image = inside ? { shorterSide, height, width, channels } : wholePreprocessing(feature);
    metadata.set("descent.image", JSON.stringify(image));
  }
  const scores = inside ? scoresOf(model, conformal) : null;
  if (scores !== null) metadata.set("descent.conformal", scores);
  if (content.type === "folds" && !inside) {
    // Which nothing else tells: the record's own preprocessing is that of all rows.
    const described = content.folds.map(({ weights: _, ...fold }) => fold);
    metadata.set("descent.folds", JSON.stringify(described));
  }
  return metadata;
};

/**
 * A model of a job as an ONNX file. With its preprocessing: the data set's columns in, what a prediction says out. Without: the encoded inputs in, what the
 * network makes of them out, before its link (`output`) and behind it; clusterings say the same either way. `over_limit` beyond 2 GiB.
 */
export const exportModel = (model: Described, content: ModelContent, options: ExportOptions): OnnxFile => {
  const { preprocessing } = options;
  const build = createOnnxBuilder();
  if (content.type === "folds") foldOutputs(build, model, content, preprocessing);
  else {
    const own = model.preprocessing;
    const encoded = preprocessing
      ? encodeColumns(build, own, columnInputs(build, own))
      : encodedInputs(build, model.preprocessing);
    if (content.type === "network") networkOutputs(build, model, content, encoded, preprocessing);
    else {
      const flat = encoded.inputs ?? flattened(build, encoded, own.inputs);
      clusterOutputs(build, content.clusters, flat, own.inputs, model.task.type === "density_estimation");
    }
  }
  return build.finish({ name: model.name, metadata: metadataOf(model, content, options) });
};

/** Pixels in the order of the data set's: height, width, channels. */
const flattened = (build: OnnxBuilder, { picture }: EncodedColumns, inputs: number): string => {
  assert(picture !== null, "columns are encoded as a table or as a picture");
  return build.reshape(toChannelsLast(build, picture.name), [-1, inputs]);
};
