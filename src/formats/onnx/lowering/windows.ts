import type { Padding } from "../../../domain/models/network.ts";
import { intOf, intsOf, type OnnxNode, stringOf } from "../graph.ts";
import { nodeProblem } from "../onnx-error.ts";

export type Pair = readonly [number, number];

/** Attributes of one or two axes as those of two: a signal is an image of one row. */
export const pairOf = (node: OnnxNode, name: string, axes: number, otherwise: number): Pair => {
  const values = intsOf(node, name) ?? Array.from({ length: axes }, () => otherwise);
  if (values.length !== axes || values.some((value) => !Number.isInteger(value) || value < 1 || value > 65_536)) {
    throw nodeProblem(node, `its ${name} [${values.join(", ")}] do not fit ${axes} axes`);
  }
  return axes === 1 ? [1, values[0]!] : [values[0]!, values[1]!];
};

/** Padding as the node states it, or as `auto_pad` asks for it. */
export const paddingOf = (
  node: OnnxNode,
  axes: number,
  size: Pair,
  kernel: Pair,
  stride: Pair,
  dilation: Pair,
): Padding => {
  const auto = stringOf(node, "auto_pad", "NOTSET");
  if (auto === "VALID") return [0, 0, 0, 0];
  if (auto === "NOTSET") {
    const pads = intsOf(node, "pads") ?? Array.from({ length: 2 * axes }, () => 0);
    if (pads.length !== 2 * axes || pads.some((pad) => !Number.isInteger(pad) || pad < 0 || pad > 65_536)) {
      throw nodeProblem(node, `its pads [${pads.join(", ")}] cannot be used`);
    }
    return axes === 1 ? [0, pads[0]!, 0, pads[1]!] : [pads[0]!, pads[1]!, pads[2]!, pads[3]!];
  }
  const along = (at: 0 | 1): [number, number] => {
    const span = dilation[at] * (kernel[at] - 1) + 1;
    const total = Math.max(0, (Math.ceil(size[at] / stride[at]) - 1) * stride[at] + span - size[at]);
    const small = Math.floor(total / 2);
    return auto === "SAME_LOWER" ? [total - small, small] : [small, total - small];
  };
  const [[top, bottom], [left, right]] = [along(0), along(1)];
  return [top, left, bottom, right];
};

/** Windows along one axis. With `ceil_mode` a last one may begin inside and end outside, but not begin in the padding behind. */
export const windowsAlong = (
  node: OnnxNode,
  size: number,
  kernel: number,
  stride: number,
  before: number,
  after: number,
): number => {
  const room = size + before + after - kernel;
  const ceil = intOf(node, "ceil_mode", 0) === 1;
  const count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  const most = ceil && (count - 1) * stride >= size + before ? count - 1 : count;
  if (most < 1)
    throw nodeProblem(node, `a window of ${kernel} does not fit into ${size} with padding ${before + after}`);
  return most;
};
