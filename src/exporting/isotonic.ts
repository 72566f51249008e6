import type { IsotonicCalibration } from "../domain/models/parts/isotonic.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import { valueBetween } from "./piecewise-linear.ts";

/** Probabilities [batch, classes] behind the model's curves; of more than two classes divided by their sum. */
export const calibratedOutputs = (
  build: OnnxBuilder,
  { curves }: IsotonicCalibration,
  probabilities: string,
  columnAt: (value: string, at: number) => string,
): string => {
  const { node } = build;
  const doubles = node("Cast", [probabilities], { to: { int: 11 } });
  const own = curves.map(({ at, value }, k) =>
    valueBetween(build, columnAt(doubles, curves.length === 1 ? 1 : k), at, value),
  );
  const both = own.length === 1 ? [node("Sub", [build.scalar(1, "double"), own[0]!]), own[0]!] : own;
  const joined = node("Concat", both, { axis: { int: 1 } });
  const shares =
    own.length === 1
      ? joined
      : node("Div", [joined, node("ReduceSum", [joined, build.integers([1])], { keepdims: { int: 1 } })]);
  return node("Cast", [shares], { to: { int: 1 } });
};
