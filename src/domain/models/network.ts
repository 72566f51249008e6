/**
 * A network that was read from a file, in the engine's own layout (images as batch × height × width × channels, weights of convolutions as
 * groups × height × width × in × out): what `engine/nn` builds a graph from, and what is stored beside the weights. JSON-able.
 *
 * Values are numbered: the inputs first, then the nodes in their order. A size below zero counts rows of the batch: −1 is the batch, −12 twelve times it.
 * Where a node sees its operand as axes, only the leading ones are stated; the last follows from the number of elements, so that another head fits.
 */
export interface NetworkDescription {
  readonly version: 1;
  readonly inputs: readonly NetworkPort[];
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly (NetworkPort & {
    readonly value: number;
    /** From the file's order of axes to the engine's, if the output leaves in another. */
    readonly softmax: boolean;
  })[];
  /** In a fixed order: that of the weights' bytes. */
  readonly tensors: readonly NetworkTensor[];
  /** The layer that makes the first output's columns, if there is one: what a new head replaces. */
  readonly head: NetworkHead | null;
}

/** An input or output as the file has it. `shape` is without the batch. `order`: the engine holds axis order[i] of the file's at its place i. */
export interface NetworkPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly order: readonly number[];
}

export interface NetworkHead {
  /** Position in `nodes`. */
  readonly node: number;
  readonly weight: string;
  readonly bias: string | null;
  readonly units: number;
}

export interface NetworkTensor {
  readonly name: string;
  /** What freezing and learning rates name: `layer1.0.conv1`. */
  readonly layer: string;
  readonly shape: readonly number[];
  /** Weights are penalised, offsets and scales are not; statistics are running averages; constants are never trained. */
  readonly kind: "weight" | "offset" | "statistic" | "constant";
}

/** What may stand in the epilogue of the node before it. */
export type NetworkEpilogue = "relu" | "leakyRelu" | "sigmoid" | "tanh";

interface Fused {
  readonly epilogue?: NetworkEpilogue;
  readonly slope?: number;
}

/** top, left, bottom, right */
export type Padding = readonly [number, number, number, number];
type Pair = readonly [number, number];

interface Window {
  readonly x: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

/** How the smaller operand repeats: once for each row, once for each column, or everywhere. */
export type Repetition = "same" | "row" | "column" | "scalar";

export type NetworkNode =
  | (Window &
      Fused & {
        readonly op: "conv";
        readonly weight: string;
        readonly bias: string | null;
        readonly dilation: Pair;
        readonly groups: number;
        readonly filters: number;
      })
  /** The gradient of a convolution from `out` to `size`, which lies in its place: weights [groups, …kernel, filters/groups, channels/groups]. */
  | (Window & {
      readonly op: "transposedConv";
      readonly weight: string;
      readonly bias: string | null;
      readonly dilation: Pair;
      readonly groups: number;
      readonly filters: number;
      readonly out: Pair;
    })
  | (Fused & {
      readonly op: "linear";
      readonly x: number;
      readonly weight: string;
      readonly bias: string | null;
      readonly inputs: number;
      readonly units: number;
    })
  | (Fused & {
      readonly op: "batchNorm";
      readonly x: number;
      readonly scale: string;
      readonly offset: string;
      readonly mean: string;
      readonly variance: string;
      readonly epsilon: number;
      readonly momentum: number;
    })
  /** Over the last axis; then times `scale`, plus `offset`. */
  | {
      readonly op: "layerNorm";
      readonly x: number;
      readonly columns: number;
      readonly scale: string | null;
      readonly offset: string | null;
      readonly epsilon: number;
    }
  | { readonly op: "activation"; readonly x: number; readonly kind: NetworkActivation; readonly slope?: number }
  /** null: no bound. */
  | { readonly op: "clip"; readonly x: number; readonly low: number | null; readonly high: number | null }
  | (Window & { readonly op: "maxPool"; readonly out: Pair })
  | (Window & { readonly op: "averagePool"; readonly out: Pair; readonly countPadding: boolean })
  /** Over the middle axis of [outer, size, …]. */
  | {
      readonly op: "reduce";
      readonly kind: "sum" | "mean";
      readonly x: number;
      readonly outer: number;
      readonly size: number;
    }
  | {
      readonly op: "binary";
      readonly kind: "add" | "sub" | "mul" | "div" | "max" | "min";
      readonly a: number;
      readonly b: number;
      readonly repeats: { readonly side: "a" | "b"; readonly how: Repetition };
    }
  | { readonly op: "affine"; readonly x: number; readonly factor: number; readonly shift: number }
  | { readonly op: "power"; readonly x: number; readonly exponent: number }
  | { readonly op: "unary"; readonly kind: "neg" | "abs" | "sqrt" | "square" | "exp" | "log"; readonly x: number }
  /** A tensor as a value. */
  | { readonly op: "tensor"; readonly tensor: string }
  /** [outer, inner] → [outer, times, inner] */
  | { readonly op: "repeat"; readonly x: number; readonly times: number; readonly inner: number }
  /** [batches, first, second, inner] → [batches, second, first, inner] */
  | {
      readonly op: "swap";
      readonly x: number;
      readonly first: number;
      readonly second: number;
      readonly inner: number;
    }
  /** `count` of the `size` entries of the middle axis of [outer, size, inner], from `start` on. */
  | {
      readonly op: "slice";
      readonly x: number;
      readonly size: number;
      readonly inner: number;
      readonly start: number;
      readonly count: number;
    }
  /** Side by side on the last axis of [outer, …], `widths` of them. */
  | { readonly op: "concat"; readonly values: readonly number[]; readonly widths: readonly number[] }
  /** The middle axis of [outer, size, inner] within `total` entries of `value`, from `before` on. */
  | {
      readonly op: "pad";
      readonly x: number;
      readonly size: number;
      readonly inner: number;
      readonly before: number;
      readonly total: number;
      readonly value: number;
    }
  /** Matrix by matrix: [batches, m, k]·[batches, k, n]; transposed ones lie transposed. */
  | {
      readonly op: "matmul";
      readonly a: number;
      readonly b: number;
      readonly m: number;
      readonly k: number;
      readonly n: number;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    }
  /** The last axis times a constant matrix [inputs, units]: an axis of an image made larger or smaller. */
  | {
      readonly op: "interpolate";
      readonly x: number;
      readonly matrix: string;
      readonly inputs: number;
      readonly units: number;
    }
  | { readonly op: "softmax"; readonly x: number; readonly columns: number; readonly logarithm: boolean }
  | { readonly op: "dropout"; readonly x: number; readonly rate: number };

export type NetworkActivation = NetworkEpilogue | "gelu" | "silu" | "softplus" | "hardSigmoid" | "hardSwish" | "erf";
