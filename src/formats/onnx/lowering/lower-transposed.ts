import type { Padding } from "../../../domain/models/network.ts";
import { intOf, intsOf, type OnnxNode, stringOf } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";
import { emit, laid, requireKnown, setOutput } from "./context.ts";
import { imageLayout, imageOf, weightAndBias, weightDims } from "./lower-convolution.ts";
import type { Lowerer } from "./lower-elementwise.ts";
import { laidInput } from "./operands.ts";
import { type Pair, paddingOf, pairOf } from "./windows.ts";

interface Sizes {
  readonly axes: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/** Whole numbers from 0 on for each axis, as those of two; null where the node does not state them. */
const statedPair = (node: OnnxNode, name: string, axes: number): Pair | null => {
  const values = intsOf(node, name);
  if (values === null || values === undefined) return null;
  if (values.length !== axes || values.some((value) => !Number.isInteger(value) || value < 0 || value > 65_536))
    throw nodeProblem(node, `its ${name} [${values.join(", ")}] do not fit ${axes} axes`);
  return axes === 1 ? [name === "output_shape" ? 1 : 0, values[0]!] : [values[0]!, values[1]!];
};

/**
 * size · along an axis: out = stride · (size − 1) + outputPadding + dilation · (kernel − 1) + 1 − padding. Where the output's size is given (or follows from `SAME_…`: stride · size), the
 * padding follows from it, its odd zero in front unless `SAME_UPPER` asks for it behind.
 */
const placeOf = (node: OnnxNode, { axes, size, kernel, stride, dilation }: Sizes): { out: Pair; padding: Padding } => {
  const auto = stringOf(node, "auto_pad", "NOTSET");
  const extra = statedPair(node, "output_padding", axes) ?? [0, 0];
  const same = auto === "SAME_UPPER" || auto === "SAME_LOWER";
  const wanted =
    statedPair(node, "output_shape", axes) ?? (same ? ([size[0] * stride[0], size[1] * stride[1]] as const) : null);
  const full = ([0, 1] as const).map(
    (at) => stride[at] * (size[at] - 1) + extra[at] + dilation[at] * (kernel[at] - 1) + 1,
  );
  const stated = wanted === null ? paddingOf(node, axes, size, kernel, stride, dilation) : null;
  const along = (at: 0 | 1): readonly [number, number, number] => {
    if (stated !== null) return [full[at]! - stated[at]! - stated[at + 2]!, stated[at]!, stated[at + 2]!];
    const total = Math.max(0, full[at]! - wanted![at]);
    const small = Math.floor(total / 2);
    const [before, after] = auto === "SAME_UPPER" ? [small, total - small] : [total - small, small];
    return [wanted![at], before, after];
  };
  const [[height, top, bottom], [width, left, right]] = [along(0), along(1)];
  const out: Pair = [height, width];
  // The convolution that it is the gradient of gives back this node's input: what lies beyond its windows is zero, and less than a stride.
  for (const at of [0, 1] as const) {
    const room = out[at] + [top + bottom, left + right][at]! - dilation[at] * (kernel[at] - 1) - 1;
    if (out[at] < 1 || room < 0 || Math.floor(room / stride[at]) + 1 !== size[at])
      throw nodeProblem(node, `its output [${out.join(", ")}] is not one that ${size.join(" × ")} comes from`);
  }
  return { out, padding: [top, left, bottom, right] };
};

export const transposedConvolution: Lowerer = (l, node) => {
  const image = imageOf(l, node, laidInput(l, node, 0));
  const known = requireKnown(l, node, 1, "weight");
  const dims = weightDims(node, known, image.axes);
  const groups = intOf(node, "group", 1);
  if (dims[0] !== image.channels || image.channels % groups !== 0)
    throw nodeProblem(
      node,
      `its weight [${known.tensor.dims.join(", ")}] in ${groups} groups does not fit ${image.channels} channels`,
    );
  const sizes = {
    ...{ axes: image.axes, size: image.size, kernel: [dims[2]!, dims[3]!] as const },
    ...{ stride: pairOf(node, "strides", image.axes, 1), dilation: pairOf(node, "dilations", image.axes, 1) },
  };
  const { out, padding } = placeOf(node, sizes);
  const filters = dims[1]! * groups;
  const { kernel, stride, dilation } = sizes;
  const value = emit(l, {
    ...{ op: "transposedConv", x: image.x.value, size: image.size, kernel, stride, padding, dilation, groups },
    ...{ filters, ...weightAndBias(l, node, known, { dims, groups, filters }), out },
  });
  setOutput(l, node, laid(value, imageLayout(l, image.axes, filters, out)));
};
