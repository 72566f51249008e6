import { type ChildProcess, fork } from "node:child_process";
import type { Logger } from "pino";
import { StartError } from "../../config.ts";
import { type ChildMessage, isChildMessage } from "./parent.ts";

const firstDelayMs = 250;
const longestDelayMs = 15_000;
/** A child that lived so long has recovered: its next death starts the back-off anew. */
const steadyMs = 5000;

export interface Part {
  name: string;
  /** Settles with the first `ready`; rejects with StartError when the child says that it cannot start. */
  ready: Promise<Extract<ChildMessage, { type: "ready" }>>;
  /** SIGTERM, then SIGKILL after the limit. Settles when the process is gone; it is not restarted. */
  stop(limitMs: number): Promise<void>;
}

/** Starts a part of the service as a process of its own and starts it again, with growing pauses, whenever it dies. */
export const keepRunning = (
  script: string,
  options: { name: string; args: string[]; env: NodeJS.ProcessEnv; log: Logger },
): Part => {
  const { name, log } = options;
  let child: ChildProcess | null = null;
  let gone: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let stopping = false;
  let delayMs = firstDelayMs;
  let settleReady: (message: Extract<ChildMessage, { type: "ready" }>) => void = () => {};
  let refuseReady: (error: StartError) => void = () => {};
  const ready = new Promise<Extract<ChildMessage, { type: "ready" }>>((resolve, reject) => {
    settleReady = resolve;
    refuseReady = reject;
  });
  ready.catch(() => {});
  let everReady = false;

  const start = (): void => {
    timer = null;
    const startedMs = performance.now();
    const process_ = fork(script, options.args, { env: options.env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child = process_;
    process_.on("message", (message) => {
      if (!isChildMessage(message)) return;
      if (message.type === "ready") {
        everReady = true;
        settleReady(message);
      } else {
        refuseReady(new StartError(message.line));
        if (everReady) log.error({ part: name }, message.line);
      }
    });
    gone = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null, error?: Error): void => {
        if (child !== process_) return;
        child = null;
        resolve();
        if (stopping) return;
        if (!everReady) {
          const reason = error?.message ?? signal ?? `exit code ${code}`;
          refuseReady(new StartError(`${name} ended while starting (${reason})`));
          return;
        }
        if (performance.now() - startedMs > steadyMs) delayMs = firstDelayMs;
        log.error({ part: name, code, signal, restartInMs: delayMs }, `${name} died; it is started again`);
        timer = setTimeout(start, delayMs);
        delayMs = Math.min(delayMs * 2, longestDelayMs);
      };
      process_.on("exit", (code, signal) => ended(code, signal));
      process_.on("error", (error) => ended(null, null, error));
    });
  };
  start();

  return {
    name,
    ready,
    async stop(limitMs) {
      stopping = true;
      if (timer !== null) clearTimeout(timer);
      if (child === null) return;
      child.kill("SIGTERM");
      const limit = setTimeout(() => {
        log.warn({ part: name, limitMs }, `${name} did not stop in time; it is killed`);
        child?.kill("SIGKILL");
      }, limitMs);
      await gone;
      clearTimeout(limit);
    },
  };
};
