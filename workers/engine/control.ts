/**
 * Three shared words between a job's lead thread and the trainer's main thread. The lead computes without returning to its
 * event loop, so a message would reach it too late; it reads `signal` and `cores` between two steps and counts `heartbeat` up.
 */
export interface Control {
  readonly words: Int32Array<SharedArrayBuffer>;
}

const signalIndex = 0;
const heartbeatIndex = 1;
const coresIndex = 2;

/** `go`; write a checkpoint and stop; stop at once and write nothing. The strongest request stays. */
export const signals = { go: 0, checkpoint: 1, abandon: 2 } as const;
export type ControlSignal = keyof typeof signals;

export const createControl = (): Control => ({ words: new Int32Array(new SharedArrayBuffer(12)) });

/** Never weakens an earlier request: a cancellation is not undone by a pause that comes after it. */
export const sendSignal = (control: Control, wanted: ControlSignal): void => {
  if (Atomics.load(control.words, signalIndex) < signals[wanted])
    Atomics.store(control.words, signalIndex, signals[wanted]);
};

export const currentSignal = (control: Control): ControlSignal => {
  const word = Atomics.load(control.words, signalIndex);
  return word === signals.go ? "go" : word === signals.checkpoint ? "checkpoint" : "abandon";
};

export const beat = (control: Control): void => {
  Atomics.add(control.words, heartbeatIndex, 1);
};

export const heartbeats = (control: Control): number => Atomics.load(control.words, heartbeatIndex);

/** How many threads of the team may be at work from now on: other jobs come and go. */
export const shareCores = (control: Control, cores: number): void =>
  void Atomics.store(control.words, coresIndex, cores);

/** All, where nothing was said. */
export const sharedCores = (control: Control): number =>
  Atomics.load(control.words, coresIndex) || Number.POSITIVE_INFINITY;
