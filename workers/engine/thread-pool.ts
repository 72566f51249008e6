import { Worker } from "node:worker_threads";
import { assert } from "../../src/domain/errors.ts";
import type { EngineThreadSetup } from "./engine-thread.ts";
import type { FromThread, ToThread } from "./protocol.ts";

/** A thread ended that should not have: its job goes on elsewhere, from its checkpoint. */
export class ThreadDied extends Error {
  constructor(detail: string, options: { cause?: unknown } = {}) {
    super(detail, options);
    this.name = "ThreadDied";
  }
}

export interface EngineThread {
  /** Gives the thread one task; settles when it says `idle`, rejects with ThreadDied when it ends before. */
  run(task: ToThread, listen: (message: FromThread) => void): Promise<void>;
  terminate(): Promise<void>;
  /** The number by which the system knows the thread; null while it starts, and where the system does not tell. */
  systemThread(): number | null;
}

export interface ThreadPool {
  /** The idle thread that worked last, whose code is loaded and compiled best; a new one if none is idle. */
  take(): EngineThread;
  /** Only after a task that ended well: whatever went wrong may have left its memory in any state. */
  giveBack(thread: EngineThread): void;
  /** Ends the idle threads and starts others: what felled a thread may have felled them, and nobody looks at an idle one. */
  renewIdle(): Promise<void>;
  /** Threads alive, idle and at work. */
  size(): number;
  close(): Promise<void>;
}

const createThread = (script: URL, setup: EngineThreadSetup, onEnd: (thread: EngineThread) => void): EngineThread => {
  const worker = new Worker(script, { workerData: setup });
  // An idle thread does not keep the process alive; a task's promise and the consumer do.
  worker.unref();
  let task: { listen: (message: FromThread) => void; resolve: () => void; reject: (error: ThreadDied) => void } | null =
    null;
  let death: ThreadDied | null = null;
  let number: number | null = null;
  const die = (error: ThreadDied): void => {
    death ??= error;
    task?.reject(death);
    task = null;
    onEnd(thread);
  };
  worker.on("message", (message: FromThread) => {
    if (message.type === "ready") {
      number = message.thread;
      return;
    }
    if (message.type !== "idle") return task?.listen(message);
    const finished = task;
    task = null;
    finished?.resolve();
  });
  worker.on("error", (error) => die(new ThreadDied(`an engine thread crashed: ${String(error)}`, { cause: error })));
  worker.on("messageerror", (error) =>
    die(new ThreadDied(`an engine thread's message could not be read: ${String(error)}`)),
  );
  worker.on("exit", (code) => die(new ThreadDied(`an engine thread ended with code ${code}`)));
  const thread: EngineThread = {
    run(next, listen) {
      assert(task === null, "a thread has one task at a time");
      if (death !== null) return Promise.reject(death);
      return new Promise((resolve, reject) => {
        task = { listen, resolve, reject };
        worker.postMessage(next);
      });
    },
    async terminate() {
      await worker.terminate();
    },
    systemThread: () => number,
  };
  return thread;
};

/**
 * Threads kept warm between jobs: starting one, loading the engine and compiling its kernels costs more than a small job.
 * `warm` of them stay; a larger team's threads come and go.
 */
export const createThreadPool = (script: URL, setup: EngineThreadSetup, warm: number): ThreadPool => {
  const alive = new Set<EngineThread>();
  const idle: EngineThread[] = [];
  let closed = false;

  const start = (): EngineThread => {
    const thread = createThread(script, setup, (ended) => {
      alive.delete(ended);
      const position = idle.indexOf(ended);
      if (position >= 0) idle.splice(position, 1);
    });
    alive.add(thread);
    return thread;
  };
  const refill = (): void => {
    while (!closed && alive.size < warm) idle.push(start());
  };
  refill();

  return {
    take: () => idle.pop() ?? start(),
    giveBack(thread) {
      if (!alive.has(thread)) return refill();
      if (closed || alive.size > warm) void thread.terminate();
      else idle.push(thread);
    },
    async renewIdle() {
      const old = idle.splice(0);
      for (const thread of old) alive.delete(thread);
      refill();
      await Promise.all(old.map((thread) => thread.terminate()));
    },
    size: () => alive.size,
    async close() {
      closed = true;
      await Promise.all([...alive].map((thread) => thread.terminate()));
    },
  };
};
