import { type KernelName, type Kernels, kernelInfo } from "../kernels/interface.ts";

/** A place in memory that is not yet an offset. `id` is what liveness goes by. */
export interface Buffer {
  readonly id: number;
  readonly bytes: number;
  /** Set where the tensor lies at a place of its own, outside the arena. */
  readonly offset: number | null;
}

/** A part of a buffer, from a byte on. */
export interface Slice {
  readonly buffer: Buffer;
  readonly byteOffset: number;
}

/** Each thread's own scratch memory: the one argument that differs between threads. */
export const threadScratch = "scratch" as const;

/** 0 is "no tensor". */
export type Place = Buffer | Slice | 0;
export type Argument = number | Buffer | Slice | typeof threadScratch;

type Symbolic<P extends readonly unknown[]> = P extends readonly [...infer Rest, number, number]
  ? { readonly [I in keyof Rest]: Argument }
  : never;

/** The kernels, recording instead of computing: the arguments but for (start, end), then the number of units to split. */
export type Recorder = {
  readonly [K in KernelName]: (...args: [...Symbolic<Parameters<Kernels[K]>>, units: number]) => void;
};

export interface RecordedCall {
  readonly kernel: KernelName;
  readonly args: readonly Argument[];
  readonly units: number;
  /** All calls before it come in earlier levels. */
  readonly fence?: boolean;
  /** It computes what another has computed before. */
  readonly again?: boolean;
}

/** What an op's `forward` and an optimiser's `update` record their kernel calls with. */
export interface Emitter {
  readonly k: Recorder;
  /** Bytes of a float in this plan. */
  readonly floatBytes: 4 | 8;
  /** A buffer that only this op's calls use, of `count` floats or of f64s. */
  scratchFloats(count: number): Buffer;
  scratchDoubles(count: number): Buffer;
}

export const createRecorder = (record: (call: RecordedCall) => void): Recorder => {
  const recorder: Record<string, (...args: Argument[]) => void> = {};
  for (const kernel of Object.keys(kernelInfo) as KernelName[]) {
    recorder[kernel] = (...args) => record({ kernel, args: args.slice(0, -1), units: args.at(-1) as number });
  }
  return recorder as unknown as Recorder;
};

export const sliceOf = (place: Buffer, byteOffset: number): Slice => ({ buffer: place, byteOffset });
