import type { KernelName } from "../interface.ts";

/** A library of native kernels that this machine may use: a plain value that can be posted to threads, which each load it. */
export interface NativeLibrary {
  readonly path: string;
  /** The instruction set whose kernels are taken: `avx512`, `avx2`, `neon`. */
  readonly level: string;
}

/** One call of a kernel with all its arguments, (start, end) the last two. */
export interface NativeCall {
  readonly kernel: KernelName;
  readonly args: readonly number[];
}

/** The native kernels over one memory, for one thread. They compute the same bits as those of kernels.wasm. */
export interface NativeKernels {
  readonly has: (kernel: KernelName) => boolean;
  /**
   * What it returns runs these calls in order, in one call of the library, and waits for the team where `barrier` stands; false where the team was given up
   * meanwhile.
   */
  readonly bind: (steps: readonly (NativeCall | "barrier")[], team: NativeTeam) => () => boolean;
}

export interface NativeTeam {
  readonly threads: number;
  /** Offset of the team's shared block. */
  readonly syncOffset: number;
}

type Koffi = typeof import("koffi")["default"];

/** What koffi gives on this platform; null where it has no build for it. */
const importKoffi = async (): Promise<Koffi | null> => {
  try {
    return (await import("koffi")).default;
  } catch {
    return null;
  }
};

const open = (koffi: Koffi, path: string) => {
  const library = koffi.load(path);
  return {
    level: library.func("descent_level", "str", ["int"]) as unknown as (level: number) => string | null,
    kernel: library.func("descent_kernel", "str", ["int", "int"]) as unknown as (
      level: number,
      kernel: number,
    ) => string | null,
    run: library.func("descent_run", "int", ["uintptr_t"]) as unknown as (program: number) => number,
  };
};

/** All that `next` gives, counted from 0, until it gives null. */
const listUntilNull = (next: (index: number) => string | null): string[] => {
  const names: string[] = [];
  for (let name = next(0); name !== null; name = next(names.length)) names.push(name);
  return names;
};

/** The levels that this processor has, the widest first; null where the library cannot be loaded. */
export const levelsOf = async (path: string): Promise<string[] | null> => {
  const koffi = await importKoffi();
  if (koffi === null) return null;
  return listUntilNull(open(koffi, path).level).filter((level) => level !== "");
};

const wordsOf = (steps: readonly (NativeCall | "barrier")[], numberOf: ReadonlyMap<string, number>): number[] =>
  steps.flatMap((step) => {
    if (step === "barrier") return [-1];
    const [start, end] = [step.args.at(-2)!, step.args.at(-1)!];
    return [numberOf.get(step.kernel)!, step.args.length + 2, start, end, ...step.args.slice(0, -2)];
  });

/** Loads a library for the calling thread. `library` must have passed its self-test on this machine. */
export const loadNativeKernels = async (
  { path, level }: NativeLibrary,
  memory: WebAssembly.Memory,
): Promise<NativeKernels> => {
  const koffi = await importKoffi();
  if (koffi === null) throw new Error("koffi has no build for this platform");
  const library = open(koffi, path);
  const index = listUntilNull(library.level).indexOf(level);
  if (index < 0) throw new Error(`${path} has no kernels for ${level} on this processor`);
  const numberOf = new Map(
    listUntilNull((kernel) => library.kernel(index, kernel)).map((name, number) => [name, number]),
  );
  // A shared memory never moves: its pages up to the maximum are reserved when it is made.
  const base = Number(koffi.address(new Uint8Array(memory.buffer)));
  return {
    has: (kernel) => numberOf.has(kernel),
    bind: (steps, { threads, syncOffset }) => {
      const words = wordsOf(steps, numberOf);
      // The bytes of a buffer of its own do not move either; the closure keeps them.
      const program = Float64Array.from([index, base, words.length + 5, syncOffset, threads, ...words]);
      const address = Number(koffi.address(program));
      const { run } = library;
      return () => run(address) === 0 && program.length > 0;
    },
  };
};
