import type { ImagePreprocessing } from "../domain/models/image-preprocessing.ts";
import { pictureOf } from "../domain/models/image-presets.ts";
import type { ImportedModel } from "../domain/models/imported-model.ts";
import type { NetworkDescription, NetworkPort } from "../domain/models/network.ts";
import { columnsByName } from "../domain/models/predictions/names-of-columns.ts";
import { createGraph } from "../engine/graph/graph.ts";
import { networkOutputs } from "../engine/nn/network.ts";
import { createScope } from "../engine/nn/scope.ts";
import { sizeOf } from "../engine/tensor/shape.ts";
import { createOnnxBuilder, type OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import type { OnnxFile } from "../formats/onnx/writing/onnx-file.ts";
import { namedOutputs } from "./answers.ts";
import { translateGraph } from "./translate-graph.ts";
import { batchRows, createTranslation, reversedChannels, type Translation, toChannelsFirst } from "./translation.ts";

/** Pixels to the network's input, in its file's order of axes: (scale · pixel − mean)/deviation of each channel. */
const encodePixels = (
  build: OnnxBuilder,
  port: NetworkPort,
  image: ImagePreprocessing,
): { pixels: string; input: string } => {
  const { height, width, scale, mean, deviation } = image;
  const channels = mean.length;
  const pixels = build.input(port.name, { type: "uint8", dims: ["batch", height, width, channels] });
  const each = (values: readonly number[]): string => build.constant([channels], Float32Array.from(values));
  const ordered = image.channelOrder === "bgr" ? reversedChannels(build, pixels) : pixels;
  const floats = build.node("Cast", [ordered], { to: { int: 1 } });
  const centred = build.node("Sub", [build.node("Mul", [floats, build.scalar(scale)]), each(mean)]);
  const input = build.node("Div", [centred, each(deviation)]);
  return { pixels, input: port.shape[0] === channels ? toChannelsFirst(build, input) : input };
};

/** Tells the translation what an input of the file is in the engine's order of axes. */
const holdInput = (
  t: Translation,
  port: NetworkPort,
  name: string,
  value: Parameters<Translation["hold"]>[0],
): void => {
  const [channels, height, width] = port.shape;
  const isTurned = port.order.some((axis, i) => axis !== i);
  if (isTurned) t.hold(value, { picture: { name, size: [height!, width!, channels!] } });
  else t.hold(value, { plain: t.build.reshape(name, [-1, sizeOf(port.shape)]) });
};

/**
 * A network from a file as an ONNX file again, under its own inputs' and outputs' names. With its preprocessing, where it is known: 8-bit pixels
 * [batch, height, width, channels] in; where its labels are known, `label` and `probabilities` out as well.
 */
export const exportImported = (
  model: Pick<ImportedModel, "id" | "name" | "digest" | "image" | "labels" | "licence" | "source">,
  network: NetworkDescription,
  weights: ReadonlyMap<string, Float32Array>,
  { preprocessing }: { readonly preprocessing: boolean },
): OnnxFile => {
  const build = createOnnxBuilder();
  const graph = createGraph();
  const values = network.inputs.map(({ shape }, i) => graph.leaf(`input.${i}`, [batchRows, sizeOf(shape)]));
  const outputs = networkOutputs(
    network,
    createScope(graph, false, () => false),
    values,
    batchRows,
  );
  const entered = network.inputs.map((port, i) => {
    const picture = pictureOf({ name: port.name, type: "float32", shape: [-1, ...port.shape] });
    if (preprocessing && i === 0 && model.image !== null && picture !== null)
      return encodePixels(build, port, model.image);
    const input = build.input(port.name, { type: "float", dims: ["batch", ...port.shape] });
    return { pixels: input, input };
  });
  const t = createTranslation(build, entered[0]!.pixels, weights);
  for (const [i, value] of values.entries()) holdInput(t, network.inputs[i]!, entered[i]!.input, value);
  translateGraph(t, graph);
  for (const [i, { name, shape }] of network.outputs.entries()) {
    const left = build.reshape(t.plain(outputs[i]!), [-1, ...shape]);
    build.output(name, left, { type: "float", dims: ["batch", ...shape] });
  }
  const [first] = network.outputs;
  if (preprocessing && model.labels !== null) namedOutputs(build, model.labels, t.plain(outputs[0]!), first!.softmax);
  const metadata = new Map([
    ["descent.model", model.id],
    ["descent.digest", model.digest],
  ]);
  if (model.licence !== null) metadata.set("licence", model.licence);
  if (model.source !== null) metadata.set("source", model.source);
  // Inside they are those of the probabilities; outside those of the columns, as an import takes them.
  const classes = preprocessing && model.labels !== null ? [...columnsByName(model.labels).keys()] : model.labels;
  if (classes !== null) metadata.set("descent.classes", JSON.stringify(classes));
  if (model.image !== null) metadata.set("descent.image", JSON.stringify(model.image));
  if (model.image !== null || model.labels !== null)
    metadata.set("descent.preprocessing", preprocessing ? "inside" : "outside");
  return build.finish({ name: model.name, metadata });
};
