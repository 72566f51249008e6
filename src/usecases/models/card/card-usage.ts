import { textOfDays } from "../../../data/columns/instant.ts";
import { middleOf } from "../../../data/preprocessing/encoders/number-scale.ts";
import type { ImportedModel } from "../../../domain/models/imported-model.ts";
import type { FeatureTransform, Model } from "../../../domain/models/model.ts";
import { block, section } from "./markdown.ts";

/** A cell that the model has seen the like of. */
const exampleOf = (feature: FeatureTransform): number | string => {
  if (feature.type === "number") return Number(middleOf(feature).value.toPrecision(4));
  if (feature.type === "image" || feature.type === "text") return "…";
  if (feature.type === "datetime") return textOfDays(Math.round(feature.mean));
  const unseen = new Set(feature.unseen);
  return feature.categories.find((category) => !unseen.has(category)) ?? "";
};

/** An example that fits on the card. */
const mostShown = 8;

const requestOf = ({ features }: Model["preprocessing"]): string => {
  const cells = features.slice(0, mostShown).map((feature) => [feature.column, exampleOf(feature)] as const);
  const row = JSON.stringify(Object.fromEntries(cells));
  return features.length > mostShown ? `${row.slice(0, -1)},…}` : row;
};

const curl = (id: string, row: string): string =>
  `curl -H 'content-type: application/json' …/v1/models/${id}/predict -d '${JSON.stringify({ rows: ["ROW"] }).replace('"ROW"', row.replaceAll("'", "'\\''"))}'`;

const feedOf = (feature: FeatureTransform): string => {
  const name = JSON.stringify(feature.column);
  if (feature.type === "image")
    return `${name}: np.zeros((1, ${feature.height}, ${feature.width}, ${feature.channels}), np.uint8)`;
  if (feature.type === "datetime") return `${name}: np.array([[${Math.round(feature.mean) * 86_400}]], np.float64)`;
  const value = JSON.stringify(exampleOf(feature));
  return feature.type === "number"
    ? `${name}: np.array([[${value}]], np.float64)`
    : `${name}: np.array([[${value}]], object)`;
};

const python = (id: string, feeds: readonly string[]): string =>
  [
    "import numpy as np, onnxruntime",
    `session = onnxruntime.InferenceSession("${id}.onnx")`,
    "print(session.run(None, {",
    ...feeds.map((feed) => `    ${feed},`),
    "}))",
  ].join("\n");

const onnx = (id: string, feeds: readonly string[]): string =>
  block(`curl -o ${id}.onnx …/v1/models/${id}/onnx\n\n${python(id, feeds)}`);

/** How a model of a job is run: here, or anywhere. */
export const usageSection = ({ id, preprocessing }: Model): string =>
  section(
    "How to run it",
    block(curl(id, requestOf(preprocessing))),
    "Elsewhere, with its preprocessing inside:",
    onnx(id, preprocessing.features.slice(0, mostShown).map(feedOf)),
    preprocessing.features.some(({ type }) => type === "datetime")
      ? "Dates enter as seconds since 1970-01-01T00:00Z, since ONNX reads none."
      : "",
    preprocessing.features.some(({ type }) => type === "text")
      ? "Texts are hashed, for which ONNX has no operator: the file is exported without the preprocessing (`?preprocessing=false`)."
      : "",
    preprocessing.features.length > mostShown ? "Every column is an input; only some are shown." : "",
  );

/** How an imported network is run. */
export const importedUsageSection = ({ id, inputs, image }: ImportedModel): string => {
  const feeds = inputs.map(({ name, shape }, i) => {
    const isPixels = i === 0 && image !== null;
    const dims = isPixels
      ? [1, image.height, image.width, image.mean.length]
      : shape.map((size) => (size < 0 ? 1 : size));
    return `${JSON.stringify(name)}: np.zeros((${dims.join(", ")}), np.${isPixels ? "uint8" : "float32"})`;
  });
  const pixels =
    image === null ? "" : " Pictures go in as 8-bit pixels, resized and cut out; their scaling is inside the file.";
  return section("How to run it", `As ONNX, wherever that runs.${pixels}`, onnx(id, feeds));
};
