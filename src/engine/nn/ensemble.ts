import type { LossSpec } from "../../domain/jobs/spec/parts/loss-spec.ts";
import type { Value } from "../graph/graph.ts";
import { activation, softmax } from "../graph/ops/activation.ts";
import { add, clip, exp, log, neg, scaled, sub } from "../graph/ops/elementwise.ts";

/** No probability and no rate is taken for less: its logarithm stays finite in 32 bits. */
const least = 1e-30;

const mean = (values: readonly Value[]): Value => {
  const sum = values.reduce((a, b) => add({ a, b }, {}).out);
  return scaled(sum, 1 / values.length);
};

const logOfMean = (values: readonly Value[]): Value =>
  log({ x: clip({ x: mean(values) }, { low: least, high: Number.POSITIVE_INFINITY }).out }, {}).out;

const sigmoid = (x: Value): Value => activation({ x }, { kind: "sigmoid", slope: 0 }).out;

/**
 * The linear predictor whose link gives the mean of what the members say: ln p̄ of classes, ln p̄ − ln(1 − p̄) of the second of two, ln of the mean rate, or the mean
 * value.
 */
export const meanOfMembers = (loss: LossSpec, members: readonly Value[]): Value => {
  switch (loss.type) {
    case "cross_entropy":
      return logOfMean(members.map((x) => softmax({ x }, {}).out));
    case "binary_cross_entropy": {
      const a = logOfMean(members.map(sigmoid));
      const b = logOfMean(members.map((x) => sigmoid(neg({ x }, {}).out)));
      return sub({ a, b }, {}).out;
    }
    case "poisson_nll":
    case "gamma_nll":
      return logOfMean(members.map((x) => exp({ x }, {}).out));
    default:
      return mean(members);
  }
};
