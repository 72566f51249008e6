import { readFileSync } from "node:fs";
import type { LibraryHandle } from "koffi";

/** The BLAS that computes, as a job's record and model name it. */
export interface BlasIdentity {
  /** The path or name it was loaded by. */
  readonly library: string;
  /** The kernels it chose for this CPU: `SkylakeX`, `Haswell`, …; `unknown` where the library does not say. */
  readonly coreType: string;
  readonly version: string;
}

/** In one line, as a job's plan shows it. */
export const showBlas = ({ library, coreType, version }: BlasIdentity): string =>
  `blas: ${library} ${version}, ${coreType} kernels`;

/** A loaded CBLAS. */
export interface Blas extends BlasIdentity {
  /** cblas_sgemm with addresses as numbers: no conversion, no copy, no garbage. */
  readonly sgemm: Sgemm;
  /** The address of the first byte of a buffer. */
  readonly addressOf: (buffer: ArrayBufferLike) => number;
}

export type Sgemm = (
  order: number,
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

/** Values of CBLAS_ORDER and CBLAS_TRANSPOSE (BLAS Technical Forum Standard, 2001, appendix B). */
export const cblas = { rowMajor: 101, noTranspose: 111, transpose: 112 } as const;

/** Where a CBLAS with 32-bit integers is found: plain names go through the loader's own search. */
const candidates: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    "libopenblas.so.0", // Debian, Ubuntu, Fedora (serial), SUSE
    "libopenblasp.so.0", // Fedora, RHEL (pthreads)
    "libopenblas.so.3", // Alpine
    "libopenblas.so", // Arch, Gentoo, Nix, development packages
    "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "/usr/lib/x86_64-linux-gnu/openblas-serial/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-serial/libopenblas.so.0",
    "/opt/OpenBLAS/lib/libopenblas.so.0",
  ],
  darwin: [
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
  ],
  win32: ["libopenblas.dll", "openblas.dll"],
};

/** Flags of /proc/cpuinfo that OpenBLAS's SkylakeX kernels need. */
const skylakeFlags = ["avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"];

/**
 * The core type that OpenBLAS has to be told, or null to let it choose. Releases before a CPU's own take an unknown model for an older one and leave half of it
 * unused (measured with 0.3.21 on Zen 5: 120 instead of 235 GFLOP/s), while SkylakeX runs wherever the flags of AVX-512 are.
 */
export const coreTypeFor = (cpuinfo: string): "SkylakeX" | null => {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/) ?? [];
  return skylakeFlags.every((flag) => flags.includes(flag)) ? "SkylakeX" : null;
};

const readCpuinfo = (): string => {
  if (process.platform !== "linux") return "";
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return ""; // a container that hides it: OpenBLAS chooses by itself
  }
};

type Koffi = typeof import("koffi")["default"];

/**
 * OpenBLAS reads its settings from the process's environment when it is loaded. In a worker_thread process.env is a copy, so they are set by the C library.
 * A value that the process was started with stays.
 */
const prepareEnvironment = (koffi: Koffi): void => {
  if (process.platform !== "linux") return;
  const setenv = koffi.load(null).func("setenv", "int", ["str", "str", "int"]);
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  const coreType = coreTypeFor(readCpuinfo());
  if (coreType) setenv("OPENBLAS_CORETYPE", coreType, 0);
};

const callIfThere = (
  library: LibraryHandle,
  name: string,
  result: string,
  types: string[],
  args: unknown[],
): unknown => {
  try {
    library.symbol(name);
  } catch {
    return null;
  }
  return library.func(name, result, types)(...args);
};

const open = (koffi: Koffi, path: string): Blas | null => {
  let library: LibraryHandle;
  try {
    library = koffi.load(path);
    library.symbol("cblas_sgemm");
  } catch {
    return null; // not here, or a BLAS without the C interface: the next candidate
  }
  callIfThere(library, "openblas_set_num_threads", "void", ["int"], [1]);
  const core = callIfThere(library, "openblas_get_corename", "str", [], []);
  const config = callIfThere(library, "openblas_get_config", "str", [], []);
  const pointer = "uintptr_t";
  return {
    library: path,
    coreType: typeof core === "string" ? core : path.includes("Accelerate") ? "Accelerate" : "unknown",
    version: typeof config === "string" ? (/OpenBLAS ([\w.]+)/.exec(config)?.[1] ?? config) : "unknown",
    sgemm: library.func("cblas_sgemm", "void", [
      "int",
      "int",
      "int",
      "int",
      "int",
      "int",
      "float",
      pointer,
      "int",
      pointer,
      "int",
      "float",
      pointer,
      "int",
    ]) as unknown as Sgemm,
    addressOf: (buffer) => Number(koffi.address(new Uint8Array(buffer))),
  };
};

/**
 * Loads the machine's CBLAS, for single-threaded calls: a team's members each call it for their own tiles. `library` names one; otherwise the usual places are
 * searched. Null where there is none (or where koffi has no build for the platform). Every thread loads for itself; the library is in the process once.
 */
export const loadBlas = async (library?: string): Promise<Blas | null> => {
  let koffi: Koffi;
  try {
    koffi = (await import("koffi")).default;
  } catch {
    return null; // no prebuilt koffi for this platform
  }
  prepareEnvironment(koffi);
  for (const path of library === undefined ? (candidates[process.platform] ?? []) : [library]) {
    const blas = open(koffi, path);
    if (blas) return blas;
  }
  return null;
};

/** What `backend: "blas"` would compute with on this machine, or null if there is none. */
export const findBlas = async (library?: string): Promise<BlasIdentity | null> => {
  const blas = await loadBlas(library);
  return blas && { library: blas.library, coreType: blas.coreType, version: blas.version };
};
