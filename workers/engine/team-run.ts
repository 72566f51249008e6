import type { Logger } from "pino";
import { assert } from "../../src/domain/errors.ts";
import { currentSignal, heartbeats } from "./control.ts";
import { type ProcessorTime, processorTime, waitedBetween } from "./processor-time.ts";
import type { FromThread, RunEnd, RunOrder, TeamOrder } from "./protocol.ts";
import type { EngineThread, ThreadPool } from "./thread-pool.ts";
import { ThreadDied } from "./thread-pool.ts";

/** How a run ended, seen from outside the team. */
export type TeamEnd =
  | RunEnd
  /** A thread crashed or hung: the computing may go on from the checkpoint. */
  | { type: "crashed"; reason: string }
  /** `resources.maxSeconds` are used up. */
  | { type: "overtime" };

/** A thread beside the lead, with its last task. */
interface Member {
  readonly thread: EngineThread;
  readonly done: Promise<void>;
}

/** What the lead reports on the way. */
export type Report = Exclude<FromThread, { type: "idle" | "recruit" | "recruit_reader" | "finished" }>;

const tickMs = 1000;
/** What a lead that was told to stop at once may take before its threads are ended from outside. */
const abandonTicks = 2;

/**
 * How much of each tick the team's threads had a processor when they wanted one, from 0 to 1: that of the thread which waited longest.
 * On a busy machine the others go first, and a thread that does not come to its turn is not hung.
 */
const createTurns = (threads: readonly EngineThread[]): (() => number) => {
  let before = new Map<number, ProcessorTime | null>();
  return () => {
    const after = new Map(threads.flatMap(({ systemThreads }) => systemThreads).map((n) => [n, processorTime(n)]));
    const waited = [...after].map(([n, time]) => waitedBetween(before.get(n) ?? null, time, tickMs));
    before = after;
    return 1 - Math.max(0, ...waited) / tickMs;
  };
};

/**
 * Watches a lead from the outside. heartbeats are counted in ticks, not in time: a process that was frozen and wakes
 * up finds one tick gone, and does not take its threads for hung.
 */
const watch = (
  order: RunOrder,
  heartbeatMs: number,
  threads: readonly EngineThread[],
  trouble: (end: TeamEnd) => void,
): (() => void) => {
  const silentTicks = Math.max(2, Math.ceil(heartbeatMs / tickMs));
  const turn = createTurns(threads);
  let seen = heartbeats(order.control);
  let silent = 0;
  let abandoned = 0;
  const timer = setInterval(() => {
    const beats = heartbeats(order.control);
    const tick = turn();
    silent = beats === seen ? silent + tick : 0;
    seen = beats;
    if (silent >= silentTicks)
      trouble({ type: "crashed", reason: `the engine showed no heartbeat for ${Math.round(heartbeatMs / 1000)} s` });
    if (currentSignal(order.control) === "abandon" && ++abandoned > abandonTicks) trouble({ type: "stopped" });
  }, tickMs);
  return () => clearInterval(timer);
};

const endThreads = async (
  threads: readonly EngineThread[],
  end: TeamEnd,
  { job }: RunOrder,
  { log }: { log: Logger },
): Promise<void> => {
  log.warn({ job, end: end.type, reason: "reason" in end ? end.reason : undefined }, "the team's threads are ended");
  await Promise.all(threads.map((thread) => thread.terminate()));
};

/**
 * Runs one job on a team of engine threads: a lead, and the members and the reader of rows that it asks for. Settles exactly once, when no thread
 * works on the job any more. Threads of a run that ended well go back to the pool; all others are ended.
 */
export const runTeam = async (
  pool: ThreadPool,
  order: RunOrder,
  options: {
    heartbeatMs: number;
    log: Logger;
    report: (report: Report) => void;
    /** Aborted when there is no time left for the lead to stop by itself: its threads are ended from outside. */
    giveUp?: AbortSignal;
  },
): Promise<TeamEnd> => {
  const threads: EngineThread[] = [];
  const tasks: Promise<void>[] = [];
  let overtime: NodeJS.Timeout | null = null;
  let end: RunEnd | null = null;
  let isOver = false;
  let trouble: (end: TeamEnd) => void = () => {};
  const troubled = new Promise<TeamEnd>((resolve) => {
    trouble = resolve;
  });

  const watched = (thread: EngineThread, done: Promise<void>): Member => {
    done.catch((error: unknown) => {
      assert(error instanceof ThreadDied, `a thread's task ends well or with the thread: ${String(error)}`);
      trouble({ type: "crashed", reason: error.message });
    });
    tasks.push(done);
    return { thread, done };
  };
  const start = (task: Parameters<EngineThread["run"]>[0], listen: (message: FromThread) => void) => {
    const thread = pool.take();
    threads.push(thread);
    return watched(thread, thread.run(task, listen));
  };
  /** Members by rank, and the reader of rows: those of one fit go on in the next, once they have left the one before. */
  const members: Member[] = [];
  let reader: Member | undefined;
  const goOn = (earlier: Member | undefined, task: Parameters<EngineThread["run"]>[0]): Member =>
    earlier === undefined
      ? start(task, () => {})
      : watched(
          earlier.thread,
          earlier.done.then(() => earlier.thread.run(task, () => {})),
        );
  const recruit = (team: TeamOrder): void => {
    for (let rank = 1; rank < team.plan.threads; rank++)
      members[rank - 1] = goOn(members[rank - 1], { type: "join", team, rank });
  };
  start({ type: "lead", order }, (message) => {
    // What an ended lead has still asked for would run on with nobody to end it.
    if (isOver) return;
    if (message.type === "recruit") return recruit(message.team);
    if (message.type === "recruit_reader") {
      reader = goOn(reader, { type: "read", order: message.order });
      return;
    }
    if (message.type === "finished") {
      end = message.end;
      return;
    }
    if (message.type === "started" && overtime === null) {
      const leftMs = (order.spec.resources.maxSeconds - message.secondsBefore) * 1000;
      // Timers hold 31 bits of milliseconds; a longer limit than 24 days is beyond what one attempt lasts.
      overtime = setTimeout(() => trouble({ type: "overtime" }), Math.min(Math.max(leftMs, 0), 2 ** 31 - 1));
    }
    if (message.type !== "idle") options.report(message);
  });

  const unwatch = watch(order, options.heartbeatMs, threads, trouble);
  const giveUp = (): void => trouble({ type: "stopped" });
  options.giveUp?.addEventListener("abort", giveUp);
  const well = (async (): Promise<TeamEnd> => {
    // Members are recruited while the lead's task runs, so the list is complete when the lead has ended.
    await tasks[0];
    await Promise.all(tasks);
    assert(end !== null, "a lead says how it ended before it is idle");
    return end;
  })();
  well.catch(() => {});
  const result = await Promise.race([well.catch(() => troubled), troubled]);
  isOver = true;
  unwatch();
  options.giveUp?.removeEventListener("abort", giveUp);
  if (overtime !== null) clearTimeout(overtime);
  if (result !== end) await endThreads(threads, result, order, options);
  for (const thread of threads) pool.giveBack(thread);
  if (result.type === "crashed") await pool.renewIdle();
  return result;
};
