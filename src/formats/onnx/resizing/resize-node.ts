import { axisOf } from "../folding/axes.ts";
import { toDim } from "../folding/batch-size.ts";
import { floatOf, intOf, intsOf, type OnnxNode, stringOf } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import type { ConstantTensor } from "../wire/tensor-values.ts";
import type { CoordinateMode, Interpolation, NearestMode, ResizedAxis } from "./interpolation.ts";

const coordinateModes: readonly CoordinateMode[] = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
  "tf_half_pixel_for_nn",
];
const nearestModes: readonly NearestMode[] = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];

const chosen = <T extends string>(node: OnnxNode, name: string, own: string, known: readonly T[]): T => {
  const found = known.find((one) => one === own);
  if (found !== undefined) return found;
  throw nodeProblem(node, `its ${name} is ${JSON.stringify(own)}; export it with ${known.join(", ")}`);
};

/** The old form, of Upsample and of Resize in opset 10: scales alone, from the corner on. */
const isOld = (node: OnnxNode, opset: number): boolean => node.op === "Upsample" || opset < 11;

export const interpolationOf = (node: OnnxNode, opset: number): Interpolation => {
  // `bilinear` is what Upsample was asked for before opset 7's name for it.
  const stated = stringOf(node, "mode", "nearest").replace(/^bilinear$/, "linear");
  const old = isOld(node, opset);
  const mode = chosen(
    node,
    "mode",
    stated,
    old ? (["nearest", "linear"] as const) : (["nearest", "linear", "cubic"] as const),
  );
  const plain = { mode, cubic: floatOf(node, "cubic_coeff_a", -0.75) };
  if (old)
    return {
      ...plain,
      ...{ coordinates: "asymmetric", nearest: node.op === "Upsample" ? "floor" : "simple" },
      ...{ excludeOutside: false, antialias: false },
    };
  return {
    ...plain,
    coordinates: chosen(
      node,
      "coordinate_transformation_mode",
      stringOf(node, "coordinate_transformation_mode", "half_pixel"),
      coordinateModes,
    ),
    nearest: chosen(node, "nearest_mode", stringOf(node, "nearest_mode", "round_prefer_floor"), nearestModes),
    excludeOutside: intOf(node, "exclude_outside", 0) === 1,
    antialias: intOf(node, "antialias", 0) === 1,
  };
};

/** What a node states: a scale for each axis, or a size for each. */
export type Target =
  | { readonly by: "scales"; readonly values: readonly number[] }
  | { readonly by: "sizes"; readonly values: readonly number[] };

const given = (tensor: ConstantTensor | null): readonly number[] | null =>
  tensor === null || tensor.data.length === 0 ? null : [...tensor.data];

/** `inputs`: the constants behind the first input; before opset 11 scales alone, in opset 7 as an attribute. */
export const targetOf = (
  node: OnnxNode,
  opset: number,
  inputs: (index: number, what: string) => ConstantTensor | null,
): Target => {
  const old = isOld(node, opset);
  const attribute = node.attributes.get("scales");
  const scales = attribute?.type === "floats" ? attribute.value : given(inputs(old ? 1 : 2, "scale"));
  const sizes = old ? null : given(inputs(3, "size"));
  if (scales !== null && sizes === null) return { by: "scales", values: scales };
  if (sizes !== null && scales === null) return { by: "sizes", values: sizes };
  throw nodeProblem(node, "it needs scales or sizes, and not both");
};

const largest = 2 ** 24;
const toSingle = Math.fround;

/** Where places depend on the resized axis' length and that is no whole number, readers disagree about what it is. */
const requireWhole = (node: OnnxNode, size: number, scale: number): void => {
  const mode = stringOf(node, "coordinate_transformation_mode", "half_pixel");
  const length = toSingle(size * scale);
  const counts = mode === "align_corners" || (mode === "pytorch_half_pixel" && length > 1 && length < 2);
  if (counts && !Number.isInteger(length))
    throw nodeProblem(node, `${scale} times ${size} is no whole size, which ${mode} needs; export it with sizes`);
};

const byScale = (node: OnnxNode, size: number, scale: number): ResizedAxis => {
  if (!(scale > 0 && Number.isFinite(scale))) throw nodeProblem(node, `its scale ${scale} is none`);
  requireWhole(node, size, scale);
  return { size, out: Math.floor(toSingle(size * scale)), scale };
};

/** One scale for all axes, so that nothing is larger, or nothing smaller, than the sizes asked for. */
const policyScale = (node: OnnxNode, axes: readonly { size: number; value: number }[]): number | null => {
  const policy = stringOf(node, "keep_aspect_ratio_policy", "stretch");
  if (policy === "stretch") return null;
  const scales = axes.map(({ size, value }) => value / size);
  if (policy === "not_larger") return Math.min(...scales);
  if (policy === "not_smaller") return Math.max(...scales);
  throw nodeProblem(
    node,
    `its keep_aspect_ratio_policy is ${JSON.stringify(policy)}; export it with stretch, not_larger or not_smaller`,
  );
};

/** An axis as its target says: by a scale, to a size, or by the one scale of all axes. */
const resizedAxis = (
  node: OnnxNode,
  size: number,
  value: number,
  by: Target["by"],
  common: number | null,
): ResizedAxis => {
  if (by === "scales") return byScale(node, size, toSingle(value));
  if (common === null) return { size, out: value, scale: toSingle(value / size) };
  return { size, out: Math.floor(size * common + 0.5), scale: toSingle(common) };
};

/**
 * The axes that change, by their number. `dims`: those of the input, below zero where they are of the batch, which must stay; a batch that the file fixed means the batch.
 */
export const resizedAxes = (
  node: OnnxNode,
  dims: readonly number[],
  target: Target,
  fixedBatch: number | null,
): Map<number, ResizedAxis> => {
  const axes = (intsOf(node, "axes") ?? dims.map((_, axis) => axis)).map((axis) => axisOf(axis, dims.length));
  if (axes.length !== target.values.length)
    throw nodeProblem(node, `its ${target.by} [${target.values.join(", ")}] do not fit ${axes.length} axes`);
  const named = axes.map((axis, i) => {
    const value = target.by === "sizes" ? (toDim(target.values[i]!) ?? 0) : target.values[i]!;
    const size = dims[axis]!;
    const isBatch = target.by === "sizes" && size === -1 && value === fixedBatch;
    return { axis, size, value: isBatch ? size : value };
  });
  const plain = named.filter(({ size }) => size > 0);
  const common = target.by === "sizes" ? policyScale(node, plain) : null;
  const found = new Map<number, ResizedAxis>();
  for (const { axis, size, value } of named) {
    if (value === (target.by === "sizes" ? size : 1) && common === null) continue;
    if (size < 0 && (target.by === "scales" || value !== size))
      throw nodeProblem(node, `it resizes axis ${axis}, which is the batch`);
    if (size < 0) continue;
    const own = resizedAxis(node, size, value, target.by, common);
    if (!Number.isInteger(own.out) || own.out < 1 || own.out * size > largest)
      throw nodeProblem(node, `it makes ${own.out} of the ${size} places of axis ${axis}`);
    found.set(axis, own);
  }
  return found;
};
