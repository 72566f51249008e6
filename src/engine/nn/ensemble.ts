import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import type { Value } from "../graph/graph.ts";
import { activation, softmax } from "../graph/ops/activation.ts";
import { columnsFrom } from "../graph/ops/columns.ts";
import { add, clip, exp, log, mul, neg, scaled, sub } from "../graph/ops/elementwise.ts";

/** No probability and no rate is taken for less: its logarithm stays finite in 32 bits. */
const least = 1e-30;

/** Logarithms of rates beyond it, up or down, are none that a label has taught: e³⁰ is 10¹³. And those whose rates are finite in 32 bits, of 16 members together. */
const [mostTaught, mostFinite] = [30, 80];

const within = (loss: LossSpec, x: Value, most: number): Value =>
  loss.type === "poisson_nll" || loss.type === "gamma_nll" ? clip({ x }, { low: -most, high: most }).out : x;

/**
 * A member's predictor in training, of a rate's logarithm within ±30. What grows beyond it has no gradient, and its rate no infinity that would end the training of
 * the others; within, nothing changes.
 */
export const heldPredictor = (loss: LossSpec, x: Value): Value => within(loss, x, mostTaught);

type Mean = (values: readonly Value[]) => Value;

/** Of shares [members] that add up to 1; null: all count the same. */
const meanBy =
  (shares: Value | null): Mean =>
  (values) => {
    if (shares === null)
      return scaled(
        values.reduce((a, b) => add({ a, b }, {}).out),
        1 / values.length,
      );
    const parts = values.map((a, i) => mul({ a, b: columnsFrom(shares, i, 1) }, {}).out);
    return parts.reduce((a, b) => add({ a, b }, {}).out);
  };

const logOf = (x: Value): Value => log({ x: clip({ x }, { low: least, high: Number.POSITIVE_INFINITY }).out }, {}).out;

const sigmoid = (x: Value): Value => activation({ x }, { kind: "sigmoid", slope: 0 }).out;

/**
 * The linear predictor whose link gives the mean of what the members say: ln p̄ of classes, ln p̄ − ln(1 − p̄) of the second of two, ln of the mean rate, or the mean
 * value.
 * @param shares [members], which add up to 1; null: they are equal
 */
export const meanOfMembers = (loss: LossSpec, members: readonly Value[], shares: Value | null): Value => {
  const mean = meanBy(shares);
  switch (loss.type) {
    case "cross_entropy":
      return logOf(mean(members.map((x) => softmax({ x }, {}).out)));
    case "binary_cross_entropy": {
      const a = logOf(mean(members.map(sigmoid)));
      const b = logOf(mean(members.map((x) => sigmoid(neg({ x }, {}).out))));
      return sub({ a, b }, {}).out;
    }
    case "poisson_nll":
    case "gamma_nll":
      return logOf(mean(members.map((x) => exp({ x: within(loss, x, mostFinite) }, {}).out)));
    default:
      return mean(members);
  }
};
