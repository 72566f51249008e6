import { toConvGeometry } from "../blas/blas-convolution.ts";
import { blasFlops, isForBlas, leastBlasChannels } from "../blas/crossover.ts";
import { patchTilesOf } from "../blas/patch-tiles.ts";
import { tilesOf } from "../blas/tiles.ts";
import { assert } from "./assert.ts";
import type { Argument, Buffer, RecordedCall } from "./emitter.ts";

/** The packing that a product reads, and what was packed. */
interface Packing {
  readonly call: RecordedCall;
  readonly source: Argument;
}

const isBuffer = (argument: Argument): argument is Buffer =>
  typeof argument === "object" && !("buffer" in argument) && "id" in argument;

const numbers = (args: readonly Argument[]): number[] =>
  args.map((argument) => {
    assert(typeof argument === "number", "shapes and codes are recorded as numbers");
    return argument;
  });

const isPacking = ({ kernel }: RecordedCall): boolean => kernel === "packB";

/** A product of matrices: gemm's packed operand becomes packB's source with its strides. */
const toSgemm = ({ args }: RecordedCall, { call, source }: Packing): RecordedCall[] | null => {
  const [c, a, , bias, scratch, ...rest] = args as [Argument, Argument, Argument, Argument, Argument, ...Argument[]];
  const [m, n, k, aRow, aColumn, cRow, accumulate, activation, slope] = numbers(rest) as [
    number,
    number,
    number,
    ...number[],
  ];
  const [bRow, bColumn, batches] = numbers(call.args.slice(4, 7));
  if (batches !== 1 || !isForBlas(m, n, k)) return null;
  const shape = [m, n, k, aRow!, aColumn!, bRow!, bColumn!, cRow!, accumulate!, activation!, slope!];
  return [{ kernel: "sgemm", args: [c, a, source, bias, scratch, ...shape], units: tilesOf(m, n, k).count }];
};

/** How a convolution is cut, or null if it stays in WebAssembly. */
const cutFor = (conv: readonly number[]) => {
  const g = toConvGeometry(conv);
  const tiles = g.outChannels < leastBlasChannels ? null : patchTilesOf(g);
  return tiles && 2 * tiles.pixels * tiles.depth * g.outChannels >= blasFlops ? { g, tiles } : null;
};

type Rewrite = (call: RecordedCall, packing: Packing, fresh: (floats: number) => Buffer) => RecordedCall[] | null;

const rewrites: Partial<Record<RecordedCall["kernel"], { readonly packed: number; readonly rewrite: Rewrite }>> = {
  gemm: { packed: 2, rewrite: toSgemm },
  conv2d: {
    packed: 2,
    rewrite: ({ args }, { source }) => {
      const [y, x, , ...rest] = args as [Argument, Argument, Argument, ...Argument[]];
      const cut = cutFor(numbers(rest.slice(4)));
      return cut && [{ kernel: "sgemmConv2d", args: [y, x, source, ...rest], units: cut.tiles.tiles }];
    },
  },
  conv2dInputGrad: {
    packed: 2,
    rewrite: ({ args }, { source }) => {
      const [dx, dy, , ...rest] = args as [Argument, Argument, Argument, ...Argument[]];
      const cut = cutFor(numbers(rest.slice(1)));
      return cut && [{ kernel: "sgemmConv2dInputGrad", args: [dx, dy, source, ...rest], units: cut.g.batch }];
    },
  },
  conv2dWeightGrad: {
    packed: 2,
    rewrite: ({ args }, { source }, fresh) => {
      const [dw, x, , scratch, accumulate, ...conv] = args as [
        Argument,
        Argument,
        Argument,
        Argument,
        number,
        ...number[],
      ];
      const cut = accumulate === 0 ? cutFor(conv) : null;
      if (!cut) return null;
      const { depth, chunks } = cut.tiles;
      const size = depth * cut.g.outChannels;
      if (chunks === 1) return [{ kernel: "sgemmConv2dWeightGrad", args: [dw, x, source, scratch, ...conv], units: 1 }];
      const partials = fresh(chunks * size);
      return [
        { kernel: "sgemmConv2dWeightGrad", args: [partials, x, source, scratch, ...conv], units: chunks },
        { kernel: "sumRows", args: [dw, partials, chunks, size, 1], units: size },
      ];
    },
  },
};

/**
 * Gives the products and convolutions of a recorded plan that gain from it to BLAS, and drops the packing that only they read. Smaller ones stay as they are:
 * see blas/crossover.ts.
 */
export const toBlasCalls = (calls: readonly RecordedCall[], fresh: (floats: number) => Buffer): RecordedCall[] => {
  const packings = new Map<number, Packing>();
  for (const call of calls) {
    const [out, source] = call.args;
    if (isPacking(call) && out !== undefined && isBuffer(out)) packings.set(out.id, { call, source: source! });
  }
  const stillRead = new Set<RecordedCall>();
  const rewritten = calls.flatMap((call) => {
    const rule = rewrites[call.kernel];
    const packed = rule && call.args[rule.packed];
    const packing = packed && isBuffer(packed as Argument) ? packings.get((packed as Buffer).id) : undefined;
    const replaced = rule && packing ? rule.rewrite(call, packing, fresh) : null;
    if (!replaced && packing) stillRead.add(packing.call);
    return replaced ?? [call];
  });
  return rewritten.filter((call) => !isPacking(call) || stillRead.has(call));
};
