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
  /**
   * What it returns runs a member's share of a whole program, in one call of the library; false where the team was given up meanwhile. `before`: phases that
   * the team had ended when the run was called.
   */
  readonly bindTeam: (phases: readonly NativePhase[], team: NativeTeam, thread: number) => (before: number) => boolean;
  /** What a barrier costs a team of two on this machine, timed now; null where that cannot be told. */
  readonly timeBarrier: () => number | null;
}

/** Calls that one thread runs in order. */
export type NativePiece = readonly NativeCall[];

/** Pieces that do not need each other: first those that are each thread's own, which others may take when they have none left. */
export type NativePhase = readonly (readonly NativePiece[])[];

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
    runTeam: library.func("descent_run_team", "int", ["uintptr_t", "double"]) as unknown as (
      program: number,
      before: number,
    ) => number,
    barrierSeconds: library.func("descent_barrier_seconds", "double", []) as unknown as () => number,
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

type Numbers = ReadonlyMap<string, number>;

const wordsOfCall = ({ kernel, args }: NativeCall, numberOf: Numbers): number[] => {
  const [start, end] = [args.at(-2)!, args.at(-1)!];
  return [numberOf.get(kernel)!, args.length + 2, start, end, ...args.slice(0, -2)];
};

const wordsOf = (steps: readonly (NativeCall | "barrier")[], numberOf: Numbers): number[] =>
  steps.flatMap((step) => (step === "barrier" ? [-1] : wordsOfCall(step, numberOf)));

/** As descent_run_team reads it. */
const wordsOfPhase = (phase: NativePhase, numberOf: Numbers): number[] => {
  const pieces = phase.map((own) =>
    own.map((piece) => {
      const words = piece.flatMap((call) => wordsOfCall(call, numberOf));
      return [words.length + 1, ...words];
    }),
  );
  let at = 2 + 2 * phase.length;
  const places = pieces.map((own) => {
    const place = at;
    at += own.reduce((sum, { length }) => sum + length, 0);
    return [own.length, place];
  });
  return [at, pieces.flat().length, ...places.flat(), ...pieces.flat(2)];
};

/** A library's kernels of one level, by their numbers. */
const openLevel = async ({ path, level }: NativeLibrary) => {
  const koffi = await importKoffi();
  if (koffi === null) throw new Error("koffi has no build for this platform");
  const library = open(koffi, path);
  const index = listUntilNull(library.level).indexOf(level);
  if (index < 0) throw new Error(`${path} has no kernels for ${level} on this processor`);
  const numberOf = new Map(
    listUntilNull((kernel) => library.kernel(index, kernel)).map((name, number) => [name, number]),
  );
  return { koffi, library, index, numberOf };
};

/** A number, an array wherever it lies, or none. */
export type ArrayArgument = number | ArrayBufferView | null;

/** Words before a call's own arguments: of the program, and of the call. */
const [programWords, callWords, mostArguments] = [5, 4, 16];

/** For the calling thread: the kernels that take arrays by their addresses. `library` must have passed its self-test on this machine. */
export const loadArrayKernels = async (native: NativeLibrary) => {
  const { koffi, library, index, numberOf } = await openLevel(native);
  // Bytes of a buffer do not move once it has been asked for, which a small array's is only then.
  const addresses = new WeakMap<ArrayBufferLike, number>();
  const addressOf = ({ buffer, byteOffset }: ArrayBufferView): number => {
    let address = addresses.get(buffer);
    if (address === undefined) {
      address = Number(koffi.address(new Uint8Array(buffer)));
      addresses.set(buffer, address);
    }
    return address + byteOffset;
  };
  const program = new Float64Array(programWords + callWords + mostArguments);
  const address = addressOf(program);
  program.set([index, 0, 0, 0, 1]);
  return {
    has: (kernel: string): boolean => numberOf.has(kernel),
    /** The last two arguments are the range. */
    call: (kernel: string, args: readonly ArrayArgument[]): void => {
      const own = args.length - 2;
      program[2] = programWords + callWords + own;
      program[programWords] = numberOf.get(kernel)!;
      program[programWords + 1] = callWords + own;
      for (let i = 0; i < args.length; i++) {
        const argument = args[i]!;
        const word = i < own ? callWords + i : 2 + i - own;
        program[programWords + word] =
          typeof argument === "number" ? argument : argument === null ? 0 : addressOf(argument);
      }
      library.run(address);
    },
  };
};

/** Loads a library for the calling thread. `library` must have passed its self-test on this machine. */
export const loadNativeKernels = async (native: NativeLibrary, memory: WebAssembly.Memory): Promise<NativeKernels> => {
  const { koffi, library, index, numberOf } = await openLevel(native);
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
    bindTeam: (phases, { threads, syncOffset }, thread) => {
      const words = phases.flatMap((phase) => wordsOfPhase(phase, numberOf));
      const program = Float64Array.from([index, base, words.length + 6, syncOffset, threads, thread, ...words]);
      const address = Number(koffi.address(program));
      const { runTeam } = library;
      return (before) => runTeam(address, before) === 0 && program.length > 0;
    },
    timeBarrier: () => library.barrierSeconds() || null,
  };
};
