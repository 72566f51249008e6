import { assert } from "../../src/domain/errors.ts";

const pageBytes = 65_536;

/** One shared memory of exactly the planned bytes; it cannot grow, so that the trainer's ledger stays true. */
export const createSharedMemory = (memoryBytes: number): WebAssembly.Memory => {
  assert(memoryBytes % pageBytes === 0, "a plan's bytes are whole pages");
  const pages = memoryBytes / pageBytes;
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
};
