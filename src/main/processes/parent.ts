/** What a part of the all-in-one command tells the process that started it, over the IPC channel of fork(). */
export type ChildMessage =
  | { type: "ready"; listening: { rest: number; grpc: number } | null }
  /** It cannot start, and starting it again would not help. `line` is for the user. */
  | { type: "cannot_start"; line: string };

export const isChildMessage = (value: unknown): value is ChildMessage =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  (value.type === "ready" || value.type === "cannot_start");

/** Tells the parent, if there is one; the promise settles when the message is on its way, so that exiting does not lose it. */
export const tellParent = (message: ChildMessage): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, () => resolve());
  });

/** Set for the parts of the all-in-one command: "1" if the Redis is its own, which nobody else stops. */
export const privateRedisVariable = "DESCENT_PRIVATE_REDIS";

/** Whether the all-in-one command started this process. A channel alone says nothing: `node --watch` opens one as well. */
export const isPart = (): boolean => process.send !== undefined && process.env[privateRedisVariable] !== undefined;

/** The reason that is told when the process that started this one is gone. */
export const orphaned = "the parent process is gone";

/** Of the shell between npm and a command of `npx`: that one dies of a signal to npm and passes nothing on. */
const shellEveryMs = 500;

/**
 * Settles when this process has been told to stop: SIGTERM, Ctrl-C, or the death of the parent. Under a parent, Ctrl-C is
 * left to it: the terminal sends it to every process at once, but the parts have to stop in order.
 */
export const untilToldToStop = (): Promise<string> =>
  new Promise((resolve) => {
    const supervised = isPart();
    process.on("SIGTERM", () => resolve("SIGTERM"));
    process.on("SIGHUP", () => (supervised ? undefined : resolve("SIGHUP")));
    process.on("SIGINT", () => (supervised ? undefined : resolve("SIGINT")));
    if (supervised) process.on("disconnect", () => resolve(orphaned));
    else if (process.env.npm_command === "exec") {
      const shell = process.ppid;
      setInterval(() => process.ppid !== shell && resolve(orphaned), shellEveryMs).unref();
    }
  });
