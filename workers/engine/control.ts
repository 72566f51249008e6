/**
 * Two shared words between a job's lead thread and the trainer's main thread. The lead computes without returning to its
 * event loop, so a message would reach it too late; it reads `wish` between two steps and counts `heartbeat` up.
 */
export interface Control {
  readonly words: Int32Array<SharedArrayBuffer>;
}

const wishIndex = 0;
const heartbeatIndex = 1;

/** `go`; write a checkpoint and stop; stop at once and write nothing. The strongest wish stays. */
export const wishes = { go: 0, checkpoint: 1, abandon: 2 } as const;
export type Wish = keyof typeof wishes;

export const createControl = (): Control => ({ words: new Int32Array(new SharedArrayBuffer(8)) });

/** Never weakens an earlier wish: a cancellation is not undone by a pause that comes after it. */
export const wish = (control: Control, wanted: Wish): void => {
  if (Atomics.load(control.words, wishIndex) < wishes[wanted]) Atomics.store(control.words, wishIndex, wishes[wanted]);
};

export const currentWish = (control: Control): Wish => {
  const word = Atomics.load(control.words, wishIndex);
  return word === wishes.go ? "go" : word === wishes.checkpoint ? "checkpoint" : "abandon";
};

export const beat = (control: Control): void => {
  Atomics.add(control.words, heartbeatIndex, 1);
};

export const heartbeats = (control: Control): number => Atomics.load(control.words, heartbeatIndex);
