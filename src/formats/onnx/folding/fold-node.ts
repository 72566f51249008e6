import { floatOf, intOf, intsOf, type OnnxNode } from "../graph.ts";
import { nodeProblem, unsupportedOnnx } from "../onnx-error.ts";
import type { ConstantTensor } from "../wire/tensor-values.ts";
import { axisOf, productOf } from "./axes.ts";
import { constant, foldElementwise, isElementwise } from "./fold-elementwise.ts";
import { foldShape, sliceRange } from "./fold-shapes.ts";

/** Elements that all folded constants of a file may have together, initialisers not counted. */
const mostElements = 2 ** 27;

const floatsOf = (node: OnnxNode, name: string): readonly number[] | undefined => {
  const found = node.attributes.get(name);
  return found?.type === "floats" || found?.type === "ints" ? found.value : undefined;
};

const constantNode = (node: OnnxNode): ConstantTensor => {
  const value = node.attributes.get("value");
  if (value?.type === "tensor") return value.value;
  if (node.attributes.has("value_float")) return constant([], "float", [floatOf(node, "value_float", 0)]);
  if (node.attributes.has("value_int")) return constant([], "integer", [intOf(node, "value_int", 0)]);
  const floats = floatsOf(node, "value_floats");
  if (floats !== undefined) return constant([floats.length], "float", floats);
  const ints = intsOf(node, "value_ints");
  if (ints !== null) return constant([ints.length], "integer", ints);
  throw nodeProblem(node, "its value is not made of numbers, which is all that can be used");
};

const filled = (node: OnnxNode, shape: ConstantTensor): ConstantTensor | null => {
  const dims = [...shape.data];
  const value = node.attributes.get("value");
  const own = value?.type === "tensor" ? value.value : constant([1], "float", [0]);
  if (!(productOf(dims) <= mostElements)) return null;
  return constant(dims, own.kind, new Float64Array(productOf(dims)).fill(own.data[0] ?? 0));
};

/** Sizes of a Split's parts along its axis of `size`. */
export const splitSizes = (node: OnnxNode, size: number, input: ConstantTensor | undefined): number[] => {
  const stated = intsOf(node, "split") ?? (input && [...input.data]);
  if (stated) return [...stated];
  const parts = intOf(node, "num_outputs", node.outputs.length);
  const each = Math.ceil(size / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(each, size - i * each)));
};

const foldSplit = (node: OnnxNode, x: ConstantTensor, input: ConstantTensor | undefined): ConstantTensor[] | null => {
  const axis = axisOf(intOf(node, "axis", 0), x.dims.length);
  let first = 0;
  const parts: ConstantTensor[] = [];
  for (const count of splitSizes(node, x.dims[axis]!, input)) {
    const { first: start, count: own } = sliceRange(x.dims[axis]!, first, first + count, 1);
    const cut = constant([start], "integer", [start]);
    const slice: OnnxNode = { ...node, op: "Slice", attributes: new Map() };
    const part = foldShape(
      slice,
      [x, { ...cut, dims: [1] }, constant([1], "integer", [start + own]), constant([1], "integer", [axis])],
      mostElements,
    );
    if (part === null) return null;
    parts.push(part);
    first += count;
  }
  return parts;
};

const isFmod = (node: OnnxNode): boolean => node.op === "Mod" && intOf(node, "fmod", 0) === 1;

/** Nothing is dropped but in training; the second output says so. */
const foldDropout = ([x, , training]: readonly (ConstantTensor | undefined)[]): ConstantTensor[] | null => {
  if (x === undefined || (training !== undefined && training.data[0] !== 0)) return null;
  return [x, constant(x.dims, "integer", new Float64Array(x.data.length).fill(1))];
};

/** Computes nodes whose inputs are all known, within a budget of elements. */
export const createFolder = () => {
  let left = mostElements;
  return (node: OnnxNode, inputs: readonly (ConstantTensor | undefined)[]): readonly ConstantTensor[] | null => {
    const present = inputs.filter((input) => input !== undefined);
    const one = (value: ConstantTensor | null): ConstantTensor[] | null => value && [value];
    const folded =
      node.op === "Constant"
        ? [constantNode(node)]
        : node.op === "ConstantOfShape"
          ? one(present[0] ? filled(node, present[0]) : null)
          : node.op === "Split"
            ? present[0]
              ? foldSplit(node, present[0], inputs[1])
              : null
            : node.op === "Dropout"
              ? foldDropout(inputs)
              : isElementwise(node.op)
                ? one(foldElementwise(isFmod(node) ? "Fmod" : node.op, present))
                : one(foldShape(node, inputs, mostElements));
    for (const { data } of folded ?? []) left -= data.length;
    if (left < 0)
      throw unsupportedOnnx(`the file's constants grow beyond ${mostElements} elements when they are computed`);
    return folded;
  };
};
