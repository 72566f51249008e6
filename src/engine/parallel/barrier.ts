/** Words of the block that a team shares, as indices into an Int32Array at the block's offset; those of call-gate.ts among them. */
export const words = {
  ...{ generation: 0, arrived: 16, sleepers: 17, program: 32, abort: 33, gone: 34, size: 35 },
  ...{ start: 48, startSleepers: 49, growth: 50, before: 52 },
  // Of native kernels: phases that have ended, their computed pieces, and from `claimed` on a line for each thread.
  ...{ completed: 64, done: 80, claimed: 96 },
} as const;

const lineBytes = 64;
/** Bytes of the block of a team; one thread waits for nobody. */
export const syncBytes = (threads: number): number =>
  4 * words.completed + (threads > 1 ? lineBytes * (2 + threads) : 0);

/** Turns of the spinning loop before a thread sleeps: some microseconds, about what the longest short kernel takes. */
export const spinTurns = 4000;
/** A sleeping thread looks this often whether its team has been given up. */
export const sleepMs = 50;

/** Thrown in every member of a team that has lost one. */
export class TeamAborted extends Error {
  constructor() {
    super("the team was given up");
    this.name = "TeamAborted";
  }
}

export const wordsOf = (memory: ArrayBufferLike, offset: number): Int32Array =>
  new Int32Array(memory, offset, words.completed);

/** How many phases of native programs a team has ended: as many as its threads agree on. */
export const phasesEnded = (memory: ArrayBufferLike, offset: number): number =>
  Number(Atomics.load(new BigUint64Array(memory, offset + 4 * words.completed, 1), 0));

export const throwIfAborted = (sync: Int32Array): void => {
  if (Atomics.load(sync, words.abort) !== 0) throw new TeamAborted();
};

/** Waits until the word is another than `value`, counted among `sleepers`, so that whoever changes it knows whether to wake anyone; or until the team is given up. */
export const sleepWhile = (sync: Int32Array, word: number, value: number, sleepers: number): void => {
  Atomics.add(sync, sleepers, 1);
  while (Atomics.load(sync, word) === value && Atomics.load(sync, words.abort) === 0)
    Atomics.wait(sync, word, value, sleepMs);
  Atomics.sub(sync, sleepers, 1);
};

/**
 * A barrier over one shared block, for as many threads as call it together: the last of them to arrive opens the next generation; the others spin on it, then
 * sleep. A sleeper is counted before it looks at the generation for the last time and the opener looks at that count after it has opened, so no wake-up is lost.
 */
export const waitAtBarrier = (sync: Int32Array, threads: number): void => {
  const generation = Atomics.load(sync, words.generation);
  if (Atomics.add(sync, words.arrived, 1) === threads - 1) {
    Atomics.store(sync, words.arrived, 0);
    Atomics.store(sync, words.generation, (generation + 1) | 0);
    if (Atomics.load(sync, words.sleepers) > 0) Atomics.notify(sync, words.generation);
  } else {
    let turns = spinTurns;
    while (Atomics.load(sync, words.generation) === generation && --turns > 0);
    if (turns === 0) sleepWhile(sync, words.generation, generation, words.sleepers);
  }
  throwIfAborted(sync);
};

/** Makes every member's next or present wait throw TeamAborted: for whoever sees a member die. Safe from any thread, at any time. */
export const abortTeam = (memory: ArrayBufferLike, offset: number): void => {
  const sync = wordsOf(memory, offset);
  Atomics.store(sync, words.abort, 1);
  for (const word of [words.generation, words.start, words.growth]) Atomics.notify(sync, word);
};
