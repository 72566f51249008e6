import type { ModelSpec } from "../domain/jobs/spec/model-spec.ts";
import { createGraph } from "../engine/graph/graph.ts";
import { traceOf } from "../engine/nn/models.ts";
import { createScope } from "../engine/nn/scope.ts";
import type { Shape } from "../engine/tensor/shape.ts";
import { createOnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import type { OnnxFile } from "../formats/onnx/writing/onnx-file.ts";
import { translateGraph } from "./translate-graph.ts";
import { batchRows, createTranslation } from "./translation.ts";

const trace = (spec: ModelSpec, inputs: number, outputs: number) => {
  const graph = createGraph();
  const scope = createScope(graph, false, () => false);
  const x = graph.leaf("input", [batchRows, inputs]);
  const out = traceOf(spec)(scope, x, outputs);
  return { graph, scope, x, out };
};

/** The tensors that a model's spec has, by name. Throws ModelShapeError where its layers do not go together. */
export const tensorsOfSpec = (spec: ModelSpec, inputs: number, outputs: number): ReadonlyMap<string, Shape> =>
  new Map([...trace(spec, inputs, outputs).scope.declarations.values()].map(({ name, shape }) => [name, shape]));

/** The network of a model's spec as an ONNX file: from `input`, a picture with its channels first where the spec states its size, to `output`. */
export const fileOfSpec = (
  spec: ModelSpec,
  { inputs, outputs }: { readonly inputs: number; readonly outputs: number },
  weights: ReadonlyMap<string, Float32Array>,
): OnnxFile => {
  const build = createOnnxBuilder();
  const { graph, x, out } = trace(spec, inputs, outputs);
  const picture = spec.type === "cnn" ? spec.input : undefined;
  const dims = picture === undefined ? [inputs] : [picture.channels, picture.height, picture.width];
  const name = build.input("input", { type: "float", dims: ["batch", ...dims] });
  const t = createTranslation(build, name, weights);
  if (picture === undefined) t.hold(x, { plain: name });
  else t.hold(x, { picture: { name, size: [picture.height, picture.width, picture.channels] } });
  translateGraph(t, graph);
  build.output("output", t.plain(out), { type: "float", dims: ["batch", outputs] });
  return build.finish({ name: spec.type, metadata: new Map() });
};
