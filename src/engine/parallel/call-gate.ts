import { sleepMs, sleepWhile, spinTurns, throwIfAborted, words } from "./barrier.ts";

/**
 * Where members wait for what the lead calls: a program, and how many of the team run it. `start` is odd while the lead writes; its even values count the calls.
 * Whoever is not among so many sleeps until the team grows: no call wakes it.
 */
export interface LeadGate {
  /** Ranks below `size` run the program, `before` phases having ended until now. The lead runs it too, and waits for what they compute. */
  call(program: number, size: number, before: number): void;
  /** Lets all members go, and returns when none of them touches the memory any more. */
  dismiss(): void;
}

/** Given as a program. */
const dismissed = -1;

/** More than an Int32 can count. What is read while it is written is not used: `start` tells. */
const phasesBefore = ({ buffer, byteOffset }: Int32Array): BigUint64Array =>
  new BigUint64Array(buffer, byteOffset + 4 * words.before, 1);

export const createLeadGate = (sync: Int32Array, threads: number): LeadGate => {
  let size = threads;
  const phases = phasesBefore(sync);
  const call = (program: number, next: number, before: number): void => {
    const start = Atomics.load(sync, words.start);
    Atomics.store(sync, words.start, (start + 1) | 0);
    Atomics.store(sync, words.program, program);
    Atomics.store(sync, words.size, next);
    Atomics.store(phases, 0, BigInt(before));
    Atomics.store(sync, words.start, (start + 2) | 0);
    if (Atomics.load(sync, words.startSleepers) > 0) Atomics.notify(sync, words.start);
    if (next > size) {
      // After the start is told: who read `growth` before finds it changed, who reads it later finds the start.
      Atomics.add(sync, words.growth, 1);
      Atomics.notify(sync, words.growth);
    }
    size = next;
  };
  return {
    call,
    dismiss: () => {
      call(dismissed, threads, 0);
      for (;;) {
        const gone = Atomics.load(sync, words.gone);
        if (gone >= threads - 1) return;
        throwIfAborted(sync);
        Atomics.wait(sync, words.gone, gone, sleepMs);
      }
    },
  };
};

export interface MemberGate {
  /** The next program that this member has a part in, and of how many threads; null: it is dismissed. */
  next(): { readonly program: number; readonly size: number; readonly before: number } | null;
  /** A member's last touch of the shared memory. */
  leave(): void;
}

export const createMemberGate = (sync: Int32Array, rank: number): MemberGate => {
  let seen = 0;
  const told = { program: 0, size: 0, before: 0 };
  const phases = phasesBefore(sync);
  /** Takes what was called since; false where nothing was, or it is being written. */
  const take = (): boolean => {
    const start = Atomics.load(sync, words.start);
    if (start === seen || (start & 1) === 1) return false;
    told.program = Atomics.load(sync, words.program);
    told.size = Atomics.load(sync, words.size);
    told.before = Number(Atomics.load(phases, 0));
    if (Atomics.load(sync, words.start) !== start) return false;
    seen = start;
    return true;
  };
  const wait = (): void => {
    for (let turns = spinTurns; turns > 0; turns--) if (take()) return;
    while (!take()) {
      sleepWhile(sync, words.start, seen, words.startSleepers);
      throwIfAborted(sync);
    }
  };
  const park = (growth: number): void => {
    while (Atomics.load(sync, words.growth) === growth) {
      throwIfAborted(sync);
      Atomics.wait(sync, words.growth, growth, sleepMs);
    }
  };
  return {
    next: () => {
      for (;;) {
        const growth = Atomics.load(sync, words.growth);
        wait();
        throwIfAborted(sync);
        if (told.program === dismissed) return null;
        if (rank < told.size) return told;
        park(growth);
      }
    },
    leave: () => {
      Atomics.add(sync, words.gone, 1);
      Atomics.notify(sync, words.gone);
    },
  };
};
