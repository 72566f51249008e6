import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";

/** What becomes of a column [batch, 1] in double precision: linear between the points (at, value), `at` growing, and constant beyond them. NaN stays. */
export const valueBetween = (
  build: OnnxBuilder,
  column: string,
  at: readonly number[],
  value: readonly number[],
): string => {
  const { node, scalar } = build;
  const { length } = at;
  // A product with 0 keeps NaN.
  if (length === 1) return node("Add", [node("Mul", [column, scalar(0, "double")]), scalar(value[0]!, "double")]);
  const [xs, ys] = [at, value].map((own) => build.constant([length], Float64Array.from(own)));
  // Points that are no larger, beside the first one: the last of them begins the piece.
  const counted = (): string => {
    const inner = build.constant([1, length - 2], Float64Array.from(at.slice(1, -1)));
    const larger = node("Cast", [node("Less", [column, inner])], { to: { int: 7 } });
    const reached = node("Sub", [build.integers([1]), larger]);
    return node("ReduceSum", [reached, build.integers([1])], { keepdims: { int: 1 } });
  };
  const piece = length === 2 ? build.integers([0]) : counted();
  const next = node("Add", [piece, build.integers([1])]);
  const of = (values: string, index: string): string => node("Gather", [values, index], { axis: { int: 0 } });
  const [left, right] = [of(xs!, piece), of(xs!, next)];
  const share = node("Div", [node("Sub", [column, left]), node("Sub", [right, left])]);
  const held = node("Min", [node("Max", [share, scalar(0, "double")]), scalar(1, "double")]);
  const [below, above] = [of(ys!, piece), of(ys!, next)];
  return node("Add", [below, node("Mul", [held, node("Sub", [above, below])])]);
};
