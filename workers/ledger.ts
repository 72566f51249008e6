import { assert } from "../src/domain/errors.ts";

/** What a job takes of the trainer's machine: the exact size of its shared memory, and its team. */
export interface Need {
  memoryBytes: number;
  threads: number;
}

export interface Ledger {
  /** Whether the need could be met if nothing else ran. */
  couldFit(need: Need): boolean;
  /** Waits, first come first served, until the need fits beside what is running; null when the signal aborts first. */
  admit(need: Need, signal: AbortSignal): Promise<(() => void) | null>;
  used(): Need;
}

/**
 * The trainer's own account of planned bytes and threads. The limits that Node puts on a thread do not see a shared
 * WebAssembly memory, so nothing but this ledger keeps the jobs of one process from taking more than the machine has.
 * A team larger than the machine is admitted when it is alone: slower, with the same bits.
 */
export const createLedger = (total: Need): Ledger => {
  const used: Need = { memoryBytes: 0, threads: 0 };
  const waiting: { need: Need; start: () => void }[] = [];

  const bounded = (need: Need): Need => ({
    memoryBytes: need.memoryBytes,
    threads: Math.min(need.threads, total.threads),
  });
  const fits = (need: Need): boolean =>
    used.memoryBytes + need.memoryBytes <= total.memoryBytes && used.threads + need.threads <= total.threads;

  const startWaiting = (): void => {
    for (let first = waiting[0]; first !== undefined && fits(first.need); first = waiting[0]) {
      waiting.shift();
      first.start();
    }
  };

  const take = (need: Need): (() => void) => {
    used.memoryBytes += need.memoryBytes;
    used.threads += need.threads;
    let held = true;
    return () => {
      assert(held, "a place in the ledger is given back once");
      held = false;
      used.memoryBytes -= need.memoryBytes;
      used.threads -= need.threads;
      startWaiting();
    };
  };

  return {
    couldFit: (need) => need.memoryBytes <= total.memoryBytes,
    used: () => ({ ...used }),
    admit(wanted, signal) {
      const need = bounded(wanted);
      if (signal.aborted) return Promise.resolve(null);
      if (waiting.length === 0 && fits(need)) return Promise.resolve(take(need));
      return new Promise((resolve) => {
        const entry = {
          need,
          start: () => {
            signal.removeEventListener("abort", giveUp);
            resolve(take(need));
          },
        };
        const giveUp = (): void => {
          waiting.splice(waiting.indexOf(entry), 1);
          resolve(null);
          startWaiting();
        };
        signal.addEventListener("abort", giveUp, { once: true });
        waiting.push(entry);
      });
    },
  };
};
