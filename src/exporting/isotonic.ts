import type { IsotonicCalibration, IsotonicCurve } from "../domain/models/parts/isotonic.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";

/** What becomes of a column of probabilities [batch, 1], in double precision: linear between the points of the curve. */
const behindCurve = (build: OnnxBuilder, column: string, { at, value }: IsotonicCurve): string => {
  const { node } = build;
  const { length } = at;
  const zero = node("Mul", [column, build.scalar(0, "double")]);
  if (length === 1) return node("Add", [zero, build.scalar(value[0]!, "double")]);
  const [xs, ys] = [at, value].map((own) => build.constant([length], Float64Array.from(own)));
  // Points that are no larger, beside the first one: the last of them begins the piece.
  const inner = build.constant([1, length - 2], Float64Array.from(at.slice(1, -1)));
  const counted = (): string => {
    const larger = node("Cast", [node("Less", [column, inner])], { to: { int: 7 } });
    const reached = node("Sub", [build.integers([1]), larger]);
    return node("ReduceSum", [reached, build.integers([1])], { keepdims: { int: 1 } });
  };
  const piece = length === 2 ? node("Cast", [zero], { to: { int: 7 } }) : counted();
  const next = node("Add", [piece, build.integers([1])]);
  const of = (values: string, index: string): string => node("Gather", [values, index], { axis: { int: 0 } });
  const [left, right] = [of(xs!, piece), of(xs!, next)];
  const share = node("Div", [node("Sub", [column, left]), node("Sub", [right, left])]);
  const held = node("Min", [node("Max", [share, build.scalar(0, "double")]), build.scalar(1, "double")]);
  const [below, above] = [of(ys!, piece), of(ys!, next)];
  return node("Add", [below, node("Mul", [held, node("Sub", [above, below])])]);
};

/** Probabilities [batch, classes] behind the model's curves; of more than two classes divided by their sum. */
export const calibratedOutputs = (
  build: OnnxBuilder,
  { curves }: IsotonicCalibration,
  probabilities: string,
  columnAt: (value: string, at: number) => string,
): string => {
  const { node } = build;
  const doubles = node("Cast", [probabilities], { to: { int: 11 } });
  const own = curves.map((curve, k) => behindCurve(build, columnAt(doubles, curves.length === 1 ? 1 : k), curve));
  const both = own.length === 1 ? [node("Sub", [build.scalar(1, "double"), own[0]!]), own[0]!] : own;
  const joined = node("Concat", both, { axis: { int: 1 } });
  const shares =
    own.length === 1
      ? joined
      : node("Div", [joined, node("ReduceSum", [joined, build.integers([1])], { keepdims: { int: 1 } })]);
  return node("Cast", [shares], { to: { int: 1 } });
};
