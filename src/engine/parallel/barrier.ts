/** Words of the block that a team shares, as indices into an Int32Array at the block's offset. */
const words = { generation: 0, arrived: 16, sleepers: 17, command: 32, abort: 33, gone: 34 } as const;
export const syncBytes = 256;

/** Turns of the spinning loop before a thread sleeps: some microseconds, about what the longest short kernel takes. */
const spinTurns = 4000;
/** A sleeping thread looks this often whether its team has been given up. */
const sleepMs = 50;

/** Thrown in every member of a team that has lost one. */
export class TeamAborted extends Error {
  constructor() {
    super("the team was given up");
    this.name = "TeamAborted";
  }
}

export interface Barrier {
  /** Returns when all threads have called it. */
  wait(): void;
  /** A number that the lead leaves for the members before a barrier, and that they read after it. */
  command: { get(): number; set(value: number): void };
  /** A member's last touch of the shared memory; and the lead's wait for that of all others. */
  leave(): void;
  allGone(): void;
}

/**
 * A barrier over one shared block: the last of `threads` to arrive opens the next generation; the others spin on it, then sleep. A sleeper is counted before
 * it looks at the generation for the last time and the opener looks at that count after it has opened, so no wake-up is lost.
 */
export const createBarrier = (memory: ArrayBufferLike, offset: number, threads: number): Barrier => {
  const sync = new Int32Array(memory, offset, syncBytes / 4);
  const sleep = (generation: number): void => {
    Atomics.add(sync, words.sleepers, 1);
    while (Atomics.load(sync, words.generation) === generation) {
      if (Atomics.load(sync, words.abort) !== 0) break;
      Atomics.wait(sync, words.generation, generation, sleepMs);
    }
    Atomics.sub(sync, words.sleepers, 1);
  };
  const wait = (): void => {
    const generation = Atomics.load(sync, words.generation);
    if (Atomics.add(sync, words.arrived, 1) === threads - 1) {
      Atomics.store(sync, words.arrived, 0);
      Atomics.store(sync, words.generation, (generation + 1) | 0);
      if (Atomics.load(sync, words.sleepers) > 0) Atomics.notify(sync, words.generation);
    } else {
      let turns = spinTurns;
      while (Atomics.load(sync, words.generation) === generation && --turns > 0);
      if (turns === 0) sleep(generation);
    }
    if (Atomics.load(sync, words.abort) !== 0) throw new TeamAborted();
  };
  return {
    wait,
    command: {
      get: () => Atomics.load(sync, words.command),
      set: (value) => void Atomics.store(sync, words.command, value),
    },
    leave: () => {
      Atomics.add(sync, words.gone, 1);
      Atomics.notify(sync, words.gone);
    },
    allGone: () => {
      for (;;) {
        const gone = Atomics.load(sync, words.gone);
        if (gone >= threads - 1) return;
        if (Atomics.load(sync, words.abort) !== 0) throw new TeamAborted();
        Atomics.wait(sync, words.gone, gone, sleepMs);
      }
    },
  };
};

/** Makes every member's next or present wait throw TeamAborted: for whoever sees a member die. Safe from any thread, at any time. */
export const abortTeam = (memory: ArrayBufferLike, offset: number): void => {
  const sync = new Int32Array(memory, offset, syncBytes / 4);
  Atomics.store(sync, words.abort, 1);
  Atomics.notify(sync, words.generation);
};
