import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const orNull = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

/** The number by which the system knows the calling thread; null where /proc does not tell (not Linux). */
export const systemThread = (): number | null =>
  orNull(() => Number(readlinkSync("/proc/thread-self").split("/").at(-1)));

/** All threads of this process; none where /proc does not tell. */
export const systemThreads = (): number[] => orNull(() => readdirSync("/proc/self/task").map(Number)) ?? [];

export interface ProcessorTime {
  /** It runs, or is ready to and waits for a processor. */
  runnable: boolean;
  /** Since its start. */
  ranMs: number;
  /** Waited for a processor, since its start, up to when it last ran. */
  waitedMs: number;
}

/** What the scheduler counts of a thread of this process (proc(5), sched-stats); null where it tells nothing. */
export const processorTime = (thread: number): ProcessorTime | null =>
  orNull(() => {
    const [ran, waited] = readFileSync(`/proc/self/task/${thread}/schedstat`, "utf8").split(" ").map(Number);
    // "id (name) state …": the name may hold anything but ends with the last bracket.
    const state = readFileSync(`/proc/self/task/${thread}/stat`, "utf8").split(") ").at(-1);
    return { runnable: state?.startsWith("R") === true, ranMs: ran! / 1e6, waitedMs: waited! / 1e6 };
  });

/** How long a thread waited for a processor between two looks that were `ms` apart: 0 where it is not known. */
export const waitedBetween = (before: ProcessorTime | null, after: ProcessorTime | null, ms: number): number => {
  if (before === null || after === null) return 0;
  // One that has not run since it became ready is not counted as waiting yet.
  const pending = after.runnable ? ms - (after.ranMs - before.ranMs) : 0;
  return Math.min(ms, Math.max(0, pending, after.waitedMs - before.waitedMs));
};
