import { assert } from "../../src/domain/errors.ts";

/** What a job takes of the trainer's machine: the exact size of its shared memory, and its team. */
export interface Need {
  memoryBytes: number;
  threads: number;
}

export interface Ledger {
  /** Whether the need could be met if nothing else ran. */
  couldFit(need: Need): boolean;
  /**
   * Enters the need if it fits beside what is running, and gives what takes it out again. Once one was refused, all are until
   * something is taken out: small jobs that come after a large one do not keep it waiting for ever. With `alone`, nothing may run
   * beside it, before or after.
   */
  admit(need: Need & { alone?: boolean }): (() => void) | null;
  /** Settles when something is taken out the next time. */
  room(): Promise<void>;
  used(): Need;
}

/**
 * The trainer's own account of planned bytes and threads. The limits that Node puts on a thread do not see a shared
 * WebAssembly memory, so nothing but this ledger keeps the jobs of one process from taking more than the machine has.
 * A team larger than the machine is admitted when it is alone: slower, with the same bits.
 */
export const createLedger = (total: Need): Ledger => {
  const used: Need = { memoryBytes: 0, threads: 0 };
  let running = 0;
  let alone = false;
  let refused = false;
  let waiting: (() => void)[] = [];

  const bounded = (need: Need): Need => ({
    memoryBytes: need.memoryBytes,
    threads: Math.min(need.threads, total.threads),
  });
  const fits = (need: Need): boolean =>
    used.memoryBytes + need.memoryBytes <= total.memoryBytes && used.threads + need.threads <= total.threads;

  const take = (need: Need): (() => void) => {
    used.memoryBytes += need.memoryBytes;
    used.threads += need.threads;
    running += 1;
    let held = true;
    return () => {
      assert(held, "a place in the ledger is given back once");
      held = false;
      used.memoryBytes -= need.memoryBytes;
      used.threads -= need.threads;
      running -= 1;
      alone = false;
      refused = false;
      const told = waiting;
      waiting = [];
      for (const tell of told) tell();
    };
  };

  return {
    couldFit: (need) => need.memoryBytes <= total.memoryBytes,
    used: () => ({ ...used }),
    admit(wanted) {
      const need = bounded(wanted);
      refused ||= alone || !fits(need) || (wanted.alone === true && running > 0);
      if (refused) return null;
      alone = wanted.alone === true;
      return take(need);
    },
    room: () => new Promise((resolve) => waiting.push(resolve)),
  };
};
