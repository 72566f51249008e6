/** Gives the pages of a memory back to the system: they take nothing and read as zeros until they are written again. False if it refused. */
export type ReleasePages = (memory: WebAssembly.Memory) => boolean;

/** Of Linux's <sys/mman.h>; other systems mean something weaker by it. */
const MADV_DONTNEED = 4;

interface LibC {
  load(library: null): { func(prototype: string): (address: bigint, bytes: number, advice: number) => number };
  address(bytes: Uint8Array): bigint;
}

/** Null where the system cannot be asked for it. */
export const findReleasePages = async (): Promise<ReleasePages | null> => {
  if (process.platform !== "linux") return null;
  try {
    const { default: koffi }: { default: LibC } = await import("koffi");
    const madvise = koffi.load(null).func("int madvise(uint64_t, size_t, int)");
    return (memory) => {
      const bytes = new Uint8Array(memory.buffer);
      return madvise(koffi.address(bytes), bytes.length, MADV_DONTNEED) === 0;
    };
  } catch {
    return null; // a native package that has no build for this machine
  }
};
