import { activationCodes } from "../../kernels/families/activations.ts";
import { packedElements, panelCount, stripCount } from "../../kernels/families/matrix.ts";
import { columnsOf, rowsOf, showShape, sizeOf } from "../../tensor/shape.ts";
import { type Emitter, type Place, threadScratch } from "../emitter.ts";
import type { Value } from "../graph.ts";
import { mustFit, op } from "../op.ts";
import { type EpilogueActivation, throughEpilogue } from "./activation.ts";
import { sumRows } from "./reduction.ts";

interface Product {
  readonly out: Place;
  readonly a: Place;
  readonly b: Place;
  readonly bias: Place;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: EpilogueActivation;
  readonly slope: number;
}

/** out = f(A·B + bias): B is packed into panels once, then all strips of rows are multiplied. */
const emitProduct = (emit: Emitter, p: Product): void => {
  const packed = emit.scratchFloats(packedElements(p.k, p.n));
  const [bRow, bColumn] = p.transposeB ? [1, p.k] : [p.n, 1];
  const [aRow, aColumn] = p.transposeA ? [1, p.m] : [p.k, 1];
  emit.k.packB(packed, p.b, p.k, p.n, bRow, bColumn, 1, 0, panelCount(p.n));
  emit.k.gemm(
    p.out,
    p.a,
    packed,
    p.bias,
    threadScratch,
    p.m,
    p.n,
    p.k,
    aRow,
    aColumn,
    p.n,
    0,
    activationCodes[p.activation],
    p.slope,
    stripCount(p.m),
  );
};

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const plain: Transposes = { transposeA: false, transposeB: false };

/** out = A·B for matrices, either of them transposed on request: [m, k]·[k, n] → [m, n]. dA = G·Bᵀ, dB = Aᵀ·G. */
export const matmul = op("matmul", {
  inputs: ["a", "b"],
  shape: ({ a, b }, { transposeA, transposeB }: Transposes) => {
    mustFit(a.shape.length === 2 && b.shape.length === 2, "matmul takes two matrices");
    const [m, k] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [depth, n] = transposeB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    mustFit(k === depth, `${showShape(a.shape)} and ${showShape(b.shape)} do not multiply`);
    return { out: { shape: [m, n], dtype: "float" } };
  },
  forward: (emit, { a, b, out }, { transposeA, transposeB }, types) => {
    const [m, n] = [types.out.shape[0]!, types.out.shape[1]!];
    const k = sizeOf(types.a.shape) / m;
    emitProduct(emit, { out, a, b, bias: 0, m, n, k, transposeA, transposeB, activation: "identity", slope: 0 });
  },
  vjp: (g, { a, b }, { transposeA, transposeB }) => ({
    a: transposeA ? product(b, g, transposeB, true) : product(g, b, false, !transposeB),
    b: transposeB ? product(g, a, true, transposeA) : product(a, g, !transposeA, false),
  }),
  cost: (types) => (2 * sizeOf(types.a.shape) * sizeOf(types.out.shape)) / types.out.shape[0]!,
});

export const product = (a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value =>
  matmul({ a, b }, { transposeA, transposeB }).out;

/** A[b]·B[b] for matrices one after another; `transpose…`: the matrices lie transposed. */
export const batchedMatmul = op("batchedMatmul", {
  inputs: ["a", "b"],
  shape: ({ a, b }, { transposeA, transposeB }: Transposes) => {
    const { batches, m, n, k, depth } = batchedSizes(a.shape, b.shape, { transposeA, transposeB });
    mustFit(
      a.shape.length === 3 && b.shape.length === 3 && batches === b.shape[0] && k === depth,
      `${showShape(a.shape)} and ${showShape(b.shape)} do not multiply matrix by matrix`,
    );
    return { out: { shape: [batches, m, n], dtype: "float" } };
  },
  forward: (emit, { a, b, out }, transposes, types) => {
    const { batches, m, n, k } = batchedSizes(types.a.shape, types.b.shape, transposes);
    const packed = emit.scratchFloats(packedElements(k, n, batches));
    const [bRow, bColumn] = transposes.transposeB ? [1, k] : [n, 1];
    const [aRow, aColumn] = transposes.transposeA ? [1, m] : [k, 1];
    emit.k.packB(packed, b, k, n, bRow, bColumn, batches, k * n, batches * panelCount(n));
    emit.k.gemmBatched(out, a, packed, threadScratch, m, n, k, aRow, aColumn, m * k, batches * stripCount(m));
  },
  vjp: (g, { a, b }, { transposeA, transposeB }) => ({
    a: transposeA ? batchedProduct(b, g, transposeB, true) : batchedProduct(g, b, false, !transposeB),
    b: transposeB ? batchedProduct(g, a, true, transposeA) : batchedProduct(a, g, !transposeA, false),
  }),
  cost: (types) => 2 * sizeOf(types.a.shape) * types.out.shape[2]!,
});

const batchedSizes = (a: readonly number[], b: readonly number[], { transposeA, transposeB }: Transposes) => {
  const [m, k] = transposeA ? [a[2]!, a[1]!] : [a[1]!, a[2]!];
  const [depth, n] = transposeB ? [b[2]!, b[1]!] : [b[1]!, b[2]!];
  return { batches: a[0]!, m, n, k, depth };
};

export const batchedProduct = (a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value =>
  batchedMatmul({ a, b }, { transposeA, transposeB }).out;

/**
 * out = f(x·W + b): x [rows, inputs], W [inputs, units], b [units]; bias and activation in the product's epilogue.
 * With z the gradient before f: dx = z·Wᵀ, dW = xᵀ·z, db = Σ rows of z.
 */
export const linear = op("linear", {
  inputs: ["x", "weight"],
  optional: ["bias"],
  shape: ({ x, weight, bias }, _attributes: { activation: EpilogueActivation; slope: number }) => {
    mustFit(
      x.shape.length === 2 && x.shape[1] === weight.shape[0],
      `${showShape(x.shape)} does not enter ${showShape(weight.shape)}`,
    );
    mustFit(bias === null || sizeOf(bias.shape) === columnsOf(weight.shape), "one bias for each unit");
    return { out: { shape: [x.shape[0]!, columnsOf(weight.shape)], dtype: "float" } };
  },
  forward: (emit, { x, weight, bias, out }, { activation, slope }, types) => {
    const [m, n, k] = [rowsOf(types.x.shape), columnsOf(types.weight.shape), columnsOf(types.x.shape)];
    emitProduct(emit, { out, a: x, b: weight, bias, m, n, k, ...plain, activation, slope });
  },
  vjp: (g, { x, weight, bias, out }, { activation, slope }) => {
    const z = throughEpilogue(g, out, activation, slope);
    return {
      x: product(z, weight, false, true),
      weight: product(x, z, true, false),
      bias: bias && sumRows({ x: z }, {}).out,
    };
  },
  cost: (types) => 2 * rowsOf(types.x.shape) * sizeOf(types.weight.shape),
});
