/** A half-open range of units. */
export interface UnitRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of `units` that one thread of a team computes: consecutive, bounds at multiples of `grain`, sizes as equal as that allows. The parts of all threads
 * cover the units exactly once.
 */
export const partOf = (units: number, grain: number, thread: number, threads: number): UnitRange => {
  const grains = Math.ceil(units / grain);
  const bound = (index: number): number => Math.min(units, Math.floor((grains * index) / threads) * grain);
  return { start: bound(thread), end: thread === threads - 1 ? units : bound(thread + 1) };
};

/** FLOPs of a step below which a second thread costs more in barriers than it computes. */
export const flopsWorthThread = 4e6;

/** Team size for a plan: as many threads as are asked for, but none with less than about 0.1 ms to do. */
export const threadsFor = (
  flopsPerStep: number,
  requested: number,
  flopsPerThread: number = flopsWorthThread,
): number => Math.max(1, Math.min(requested, Math.floor(flopsPerStep / flopsPerThread)));
