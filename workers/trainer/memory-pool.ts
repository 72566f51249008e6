import { assert } from "../../src/domain/errors.ts";
import { pageBytes } from "../../src/engine/tensor/layout.ts";
import type { ReleasePages } from "../engine/release-pages.ts";

/** What a 32-bit address reaches. */
const mostPages = 65_536;

export interface MemoryPool {
  /** A memory of at least so many bytes, all zero, for one job. RangeError when the system refuses. */
  take(bytes: number): WebAssembly.Memory;
  /** When no thread works in it any more. */
  giveBack(memory: WebAssembly.Memory): void;
  /** Bytes of all memories that may hold pages: those at work, and what idle ones could not give back. */
  residentBytes(): number;
}

const sizeOf = (memory: WebAssembly.Memory): number => memory.buffer.byteLength;

/** The smallest that is large enough, else the largest, which has to grow least. */
const bestFit = (idle: readonly WebAssembly.Memory[], bytes: number): WebAssembly.Memory | undefined => {
  const bySize = idle.toSorted((a, b) => sizeOf(a) - sizeOf(b));
  return bySize.find((memory) => sizeOf(memory) >= bytes) ?? bySize.at(-1);
};

/**
 * The shared memories of a trainer's jobs, used again and again. A shared memory is freed only when every thread that saw it has
 * collected its garbage, which an idle thread never does; a new one for each job made trainers grow to several times their budget.
 * An idle memory gives its pages back at once, where the system can be asked for that. Where not, it keeps them, and those beyond
 * the budget are left to the collector.
 *
 * @param totalBytes the budget; the ledger sees to it that the jobs' plans stay within
 */
export const createMemoryPool = (totalBytes: number, release: ReleasePages | null): MemoryPool => {
  const maximum = Math.min(mostPages, Math.max(1, Math.ceil(totalBytes / pageBytes)));
  const idle: WebAssembly.Memory[] = [];
  /** With what each was taken for. */
  const atWork = new Map<WebAssembly.Memory, number>();

  const sum = (values: Iterable<number>): number => [...values].reduce((total, bytes) => total + bytes, 0);
  const idleBytes = (): number => (release === null ? sum(idle.map(sizeOf)) : 0);
  const residentBytes = (): number =>
    idleBytes() + (release === null ? sum([...atWork.keys()].map(sizeOf)) : sum(atWork.values()));

  const make = (bytes: number): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: bytes / pageBytes, maximum: Math.max(maximum, bytes / pageBytes), shared: true });
  const remove = (memory: WebAssembly.Memory): void => void idle.splice(idle.indexOf(memory), 1);

  const reuse = (bytes: number): WebAssembly.Memory | null => {
    const memory = bestFit(idle, bytes);
    if (memory === undefined) return null;
    remove(memory);
    if (sizeOf(memory) >= bytes) return memory;
    try {
      memory.grow((bytes - sizeOf(memory)) / pageBytes);
      return memory;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return null; // no room behind it: left to the collector
    }
  };

  return {
    residentBytes,
    take(bytes) {
      assert(bytes % pageBytes === 0, "a plan's bytes are whole pages");
      const used = reuse(bytes);
      const memory = used ?? make(bytes);
      atWork.set(memory, bytes);
      if (used !== null && release === null) new Uint8Array(used.buffer, 0, bytes).fill(0);
      while (residentBytes() > totalBytes && idle.length > 0) remove(bestFit(idle, 0)!);
      return memory;
    },
    giveBack(memory) {
      assert(atWork.delete(memory), "a memory is given back once");
      // What cannot be emptied must not be met by another job.
      if (release === null || release(memory)) idle.push(memory);
    },
  };
};
