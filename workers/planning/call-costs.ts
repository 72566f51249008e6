import { touchedBytes, workOf } from "../../src/engine/graph/call-work.ts";
import type { PlanCall } from "../../src/engine/graph/plan.ts";

/** A call that was timed on this machine, on one thread. */
export interface TimedCall {
  /** FLOPs of products and convolutions; of all else bytes that it touches. */
  readonly work: number;
  readonly seconds: number;
}

/** What this machine's kernels take. */
export interface CallCosts {
  /** By kind of call, at least one each. */
  readonly timed: ReadonlyMap<string, readonly TimedCall[]>;
  /** Of what was not timed. */
  readonly bytesPerSecond: number;
  /** Of tensors that no cache holds. */
  readonly memoryBytesPerSecond: number;
  /** Of any call. */
  readonly callSeconds: number;
  /** Of a barrier between two threads; left out: as usual, since it could not be timed. */
  readonly barrierSeconds?: number;
  /** Of a step beside its kernels; left out: as usual. */
  readonly stepSeconds?: number;
  /** Of a call that a job plans, which it does before it computes; left out: as usual. */
  readonly plannedSeconds?: number;
  /** Of a table's cell that is read, of an operation on doubles, of a row that is reported on, and of one that is put into a random order; left out: as usual. */
  readonly cellSeconds?: number;
  readonly doubleSeconds?: number;
  /** Of an operation of a distance, and of a mixture's iteration, by the kernels that clusterings have; left out: by those in JavaScript, as usual. */
  readonly distanceSeconds?: number;
  readonly mixtureSeconds?: number;
  readonly reportedSeconds?: number;
  readonly drawnSeconds?: number;
}

/** What the caches of one core hold, roughly: beyond it a call is no faster than the memory. */
const cacheBytes = 2 * 2 ** 20;

/**
 * A call's seconds by its work: between two timed calls of its kind as their distance says, beyond them in proportion to the nearest. What a call costs whatever it does is
 * then counted once, and not with every part of its work.
 */
const betweenTimed = (timed: readonly TimedCall[], work: number): number => {
  let [below, above]: [TimedCall | null, TimedCall | null] = [null, null];
  for (const each of timed) {
    if (each.work <= work && (below === null || each.work > below.work)) below = each;
    if (each.work >= work && (above === null || each.work < above.work)) above = each;
  }
  const near = (below ?? above)!;
  if (below === null || above === null || above.work === below.work) return (near.seconds * work) / near.work;
  const share = (work - below.work) / (above.work - below.work);
  return below.seconds + share * (above.seconds - below.seconds);
};

/** By the timed calls of its kind that are nearest in size, and no faster than the memory. */
const secondsOf = (call: PlanCall, costs: CallCosts): number => {
  const { kind, work } = workOf(call);
  const bytes = touchedBytes(call);
  const fromMemory = bytes > cacheBytes ? bytes / costs.memoryBytesPerSecond : 0;
  if (work <= 0) return costs.callSeconds;
  const timed = costs.timed.get(kind) ?? [{ work: costs.bytesPerSecond, seconds: 1 }];
  return Math.max(costs.callSeconds, betweenTimed(timed, work), fromMemory);
};

/** What a team waits at a barrier, or for the lead's call, where all have a core and it was not timed: 0.3 µs was measured, and what the threads before it differ by comes on top. */
const barrierSeconds = 0.4e-6;

/** Part of the units that the slowest of the threads has. */
const largestPart = ({ units, grain }: PlanCall, threads: number): number => {
  const grains = Math.max(1, Math.ceil(units / grain));
  return Math.ceil(grains / threads) / grains;
};

/** A run of a program by a team: calls are as slow as the thread that has most of them, and the threads wait for each other. */
export const secondsOfProgram = (calls: readonly PlanCall[], threads: number, costs: CallCosts): number => {
  const waits = threads === 1 ? 0 : 2 + calls.filter(({ barrier }) => barrier).length;
  return calls.reduce(
    (sum, call) => sum + secondsOf(call, costs) * largestPart(call, threads),
    waits * (costs.barrierSeconds ?? barrierSeconds),
  );
};
