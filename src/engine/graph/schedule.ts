import { conflict, type Touch, touchesOf } from "./access.ts";
import type { RecordedCall } from "./emitter.ts";

export interface ScheduledCall {
  readonly call: RecordedCall;
  readonly touches: readonly Touch[];
  /** Calls of one level do not need each other; a barrier stands between levels. */
  readonly level: number;
}

/**
 * Orders calls into as few levels as their dependencies allow, so that a team waits as seldom as possible.
 * A call goes into the first level that has all it needs; one that needs nothing that is computed (packing of weights, gathering) into the last level that
 * still serves, so that its output does not lie in memory for long.
 */
export const schedule = (calls: readonly RecordedCall[]): ScheduledCall[] => {
  const touches = calls.map(touchesOf);
  const levels = calls.map(() => 0);
  const free = calls.map(() => true);
  const followers = calls.map((): number[] => []);
  for (let later = 0; later < calls.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      if (!conflict(touches[earlier]!, touches[later]!)) continue;
      free[later] = false;
      followers[earlier]!.push(later);
      levels[later] = Math.max(levels[later]!, levels[earlier]! + 1);
    }
  }
  for (let index = 0; index < calls.length; index++) {
    if (free[index] && followers[index]!.length > 0) {
      levels[index] = Math.min(...followers[index]!.map((follower) => levels[follower]!)) - 1;
    }
  }
  return calls
    .map((call, index) => ({ call, touches: touches[index]!, level: levels[index]!, index }))
    .sort((a, b) => a.level - b.level || a.index - b.index)
    .map(({ call, touches: touched, level }) => ({ call, touches: touched, level }));
};
