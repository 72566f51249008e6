/** What one unit of a kernel's split dimension is. */
export type SplitUnit =
  | "elements"
  | "rows"
  | "columns"
  | "strips" // 4 rows of a matrix product
  | "panels" // 8 columns of a packed matrix
  | "pixels" // batch × height × width positions, all channels of each
  | "samples"
  | "chunks" // `chunkElements` elements
  | "one"; // exactly one unit: the kernel is a single short step

type ArgumentNames<P extends readonly unknown[]> = P extends readonly [...infer Args, number, number]
  ? { readonly [I in keyof Args]: string }
  : never;

export interface KernelInfo<Names extends readonly string[] = readonly string[]> {
  /** Names of the arguments before `start` and `end`. The one named `scratch` is private to the calling thread. */
  readonly args: Names;
  readonly unit: SplitUnit;
  /** Slices whose bounds are multiples of this avoid two threads writing one cache line; any other cut gives the same bits. */
  readonly grain: number;
}

/** One entry for each kernel of a family, with as many argument names as the kernel has arguments: else it does not compile. */
export type InfoOf<Family> = {
  readonly [K in keyof Family]: Family[K] extends (...args: infer P extends number[]) => void
    ? ArgumentNames<P> extends infer N extends readonly string[]
      ? KernelInfo<N>
      : never
    : never;
};
