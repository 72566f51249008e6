import { type Touch, touchesOf } from "./access.ts";
import type { Buffer, RecordedCall } from "./emitter.ts";

export interface ScheduledCall {
  readonly call: RecordedCall;
  readonly touches: readonly Touch[];
  /** Calls of one level do not need each other; a barrier stands between levels. */
  readonly level: number;
}

/** A call that touches a buffer. */
interface Toucher {
  readonly index: number;
  readonly written: boolean;
}

const meet = (a: Buffer, b: Buffer): boolean => a.offset! < b.offset! + b.bytes && b.offset! < a.offset! + a.bytes;

/** For each buffer those that share memory with it, itself included: of those with a place of their own any may. */
const createNeighbours = (touches: readonly (readonly Touch[])[]): ((buffer: Buffer) => readonly number[]) => {
  const placed = new Map<number, Buffer>();
  for (const { buffer } of touches.flat()) if (buffer.offset !== null) placed.set(buffer.id, buffer);
  const byOffset = [...placed.values()].sort((a, b) => a.offset! - b.offset!);
  const neighbours = new Map<number, number[]>(byOffset.map(({ id }) => [id, [id]]));
  for (const [i, first] of byOffset.entries()) {
    for (let j = i + 1; j < byOffset.length && byOffset[j]!.offset! < first.offset! + first.bytes; j++) {
      if (!meet(first, byOffset[j]!)) continue;
      neighbours.get(first.id)!.push(byOffset[j]!.id);
      neighbours.get(byOffset[j]!.id)!.push(first.id);
    }
  }
  return ({ id }) => neighbours.get(id) ?? [id];
};

/** For each call the earlier ones whose order with it matters: one writes what the other touches. A call may be named twice. */
const findConflicts = (touches: readonly (readonly Touch[])[]): number[][] => {
  const neighboursOf = createNeighbours(touches);
  const touchers = new Map<number, Toucher[]>();
  return touches.map((own, index) => {
    const earlier: number[] = [];
    for (const { buffer, written } of own)
      for (const id of neighboursOf(buffer))
        for (const other of touchers.get(id) ?? []) if (written || other.written) earlier.push(other.index);
    for (const { buffer, written } of own) {
      const known = touchers.get(buffer.id);
      if (known) known.push({ index, written });
      else touchers.set(buffer.id, [{ index, written }]);
    }
    return earlier;
  });
};

/**
 * Orders calls into as few levels as their dependencies and fences allow, so that a team waits as seldom as possible.
 * A call goes into the first level that has all it needs; one that needs nothing that is computed (packing of weights, gathering) into the last level that
 * still serves, so that its output does not lie in memory for long. Nothing else passes a fence.
 */
export const schedule = (calls: readonly RecordedCall[]): ScheduledCall[] => {
  const touches = calls.map(touchesOf);
  const conflicts = findConflicts(touches);
  const levels = calls.map(() => 0);
  const firstFollower = calls.map(() => Number.POSITIVE_INFINITY);
  let [floor, highest] = [0, -1];
  for (let later = 0; later < calls.length; later++) {
    if (calls[later]!.fence) floor = highest + 1;
    let level = floor;
    for (const earlier of conflicts[later]!) level = Math.max(level, levels[earlier]! + 1);
    levels[later] = level;
    highest = Math.max(highest, level);
    for (const earlier of conflicts[later]!) firstFollower[earlier] = Math.min(firstFollower[earlier]!, level);
  }
  for (let index = 0; index < calls.length; index++) {
    if (conflicts[index]!.length === 0 && firstFollower[index] !== Number.POSITIVE_INFINITY)
      levels[index] = firstFollower[index]! - 1;
  }
  return calls
    .map((call, index) => ({ call, touches: touches[index]!, level: levels[index]!, index }))
    .sort((a, b) => a.level - b.level || a.index - b.index)
    .map(({ call, touches: touched, level }) => ({ call, touches: touched, level }));
};
