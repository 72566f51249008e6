import { assert } from "../domain/errors.ts";
import { factorCholesky } from "../engine/cluster/mixture/cholesky.ts";
import { logTwoPi } from "../engine/cluster/mixture/covariance-form.ts";
import type { ClusterTensor } from "../engine/cluster/parameter-block.ts";
import type { ClusterModel } from "../engine/cluster/predict-clusters.ts";
import { log64 } from "../engine/kernels/math64.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";

const valuesOf = (tensors: readonly ClusterTensor[], name: string): Float64Array => {
  const tensor = tensors.find((candidate) => candidate.name === name);
  assert(tensor, `the model has a tensor ${name}`);
  return tensor.values;
};

/** x − c of every row and centre, in double precision: [batch, k, d]. */
const differences = (build: OnnxBuilder, inputs: string, centres: Float64Array, d: number): string => {
  const double = build.node("Cast", [inputs], { to: { int: 11 } });
  const rows = build.reshape(double, [-1, 1, d]);
  return build.node("Sub", [rows, build.constant([centres.length / d, d], centres, "centres")]);
};

const sumOfSquares = (build: OnnxBuilder, value: string): string =>
  build.node("ReduceSum", [build.node("Mul", [value, value]), build.integers([2])], { keepdims: { int: 0 } });

const largestOf = (build: OnnxBuilder, op: "ArgMax" | "ArgMin", value: string): string =>
  build.node(op, [value], { axis: { int: 1 }, keepdims: { int: 0 } });

/** The inverse of the transposed Cholesky factor at `at` of `covariances`: (x − μ)·L⁻ᵀ has the identity for its covariance. Also ln det Σ. */
const whitening = (
  covariances: Float64Array,
  at: number,
  d: number,
): { matrix: Float64Array; logDeterminant: number } => {
  const factor = new Float64Array(d * d);
  assert(factorCholesky(covariances, at, factor, 0, d), "a stored mixture's covariances are positive definite");
  const matrix = new Float64Array(d * d);
  let logDeterminant = 0;
  for (let column = 0; column < d; column++) {
    // Forward substitution of a unit vector; the factor's diagonal holds reciprocals.
    for (let i = column; i < d; i++) {
      let sum = i === column ? 1 : 0;
      for (let j = column; j < i; j++) sum -= factor[i * d + j]! * matrix[column * d + j]!;
      matrix[column * d + i] = sum * factor[i * d + i]!;
    }
    logDeterminant -= 2 * log64(factor[column * d + column]!);
  }
  return { matrix, logDeterminant };
};

type Mixture = Extract<ClusterModel, { model: "gaussian_mixture" }>;

/** Squared Mahalanobis distances [batch, k], and ln det Σ of each component. */
const mahalanobis = (
  build: OnnxBuilder,
  { covariance }: Mixture,
  covariances: Float64Array,
  difference: string,
  { k, d }: { k: number; d: number },
): { squares: string; logDeterminants: number[] } => {
  const each = <T>(of: (component: number) => T): T[] => Array.from({ length: k }, (_, c) => of(c));
  const scaled = (dims: readonly number[], variances: Float64Array): string =>
    sumOfSquares(build, build.node("Div", [difference, build.constant(dims, variances.map(Math.sqrt), "deviations")]));
  const sumOfLogs = (values: Float64Array): number => values.reduce((sum, value) => sum + log64(value), 0);
  switch (covariance) {
    case "spherical":
      return { squares: scaled([k, 1], covariances), logDeterminants: each((c) => d * log64(covariances[c]!)) };
    case "diagonal":
      return {
        squares: scaled([k, d], covariances),
        logDeterminants: each((c) => sumOfLogs(covariances.subarray(c * d, (c + 1) * d))),
      };
    case "tied": {
      const { matrix, logDeterminant } = whitening(covariances, 0, d);
      const white = build.node("MatMul", [difference, build.constant([d, d], matrix, "whitening")]);
      return { squares: sumOfSquares(build, white), logDeterminants: each(() => logDeterminant) };
    }
    case "full": {
      const all = each((c) => whitening(covariances, c * d * d, d));
      const matrices = new Float64Array(k * d * d);
      for (const [c, { matrix }] of all.entries()) matrices.set(matrix, c * d * d);
      const byComponent = build.node("Transpose", [difference], { perm: { ints: [1, 0, 2] } });
      const white = build.node("MatMul", [byComponent, build.constant([k, d, d], matrices, "whitening")]);
      const squares = build.node("Transpose", [sumOfSquares(build, white)], { perm: { ints: [1, 0] } });
      return { squares, logDeterminants: all.map(({ logDeterminant }) => logDeterminant) };
    }
  }
};

const mixtureOutputs = (build: OnnxBuilder, model: Mixture, inputs: string, densityOnly: boolean): void => {
  const [weights, means, covariances] = ["weights", "means", "covariances"].map((name) =>
    valuesOf(model.tensors, name),
  );
  const k = weights!.length;
  const d = means!.length / k;
  const difference = differences(build, inputs, means!, d);
  const { squares, logDeterminants } = mahalanobis(build, model, covariances!, difference, { k, d });
  const constants = Float64Array.from(
    weights!,
    (weight, c) => log64(weight) - 0.5 * (d * logTwoPi + logDeterminants[c]!),
  );
  const { node } = build;
  const joint = node("Sub", [
    build.constant([k], constants, "logWeights"),
    node("Mul", [squares, build.scalar(0.5, "double")]),
  ]);
  // ln Σ e^v without overflow: the largest term is taken out.
  const largest = node("ReduceMax", [joint], { axes: { ints: [1] }, keepdims: { int: 1 } });
  const powers = node("Exp", [node("Sub", [joint, largest])]);
  const sum = node("ReduceSum", [powers, build.integers([1])], { keepdims: { int: 1 } });
  const logDensity = node("Add", [largest, node("Log", [sum])]);
  if (!densityOnly) {
    const responsibilities = node("Div", [powers, sum]);
    build.output("cluster", largestOf(build, "ArgMax", responsibilities), { type: "int64", dims: ["batch"] });
    build.output("probabilities", responsibilities, { type: "double", dims: ["batch", k] });
  }
  const inUnits = node("Sub", [logDensity, build.scalar(model.logScale, "double")]);
  build.output("logDensity", build.reshape(inUnits, [-1]), { type: "double", dims: ["batch"] });
};

/** What a clustering says of rows [batch, inputs], in double precision as its prediction does. */
export const clusterOutputs = (
  build: OnnxBuilder,
  model: ClusterModel,
  inputs: string,
  columns: number,
  densityOnly: boolean,
): void => {
  if (model.model === "gaussian_mixture") {
    mixtureOutputs(build, model, inputs, densityOnly);
    return;
  }
  const centroids = valuesOf(model.tensors, "centroids");
  const squares = sumOfSquares(build, differences(build, inputs, centroids, columns));
  build.output("cluster", largestOf(build, "ArgMin", squares), { type: "int64", dims: ["batch"] });
  const distances = build.node("Sqrt", [squares]);
  build.output("distances", distances, { type: "double", dims: ["batch", centroids.length / columns] });
};
