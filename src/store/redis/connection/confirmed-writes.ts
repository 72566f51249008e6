import type { Redis } from "ioredis";
import { ServiceError } from "../../../domain/errors.ts";
import { toRedisServiceError } from "../redis-error.ts";
import { redisKeys } from "../redis-keys.ts";

/** A Lua script, and the SHA-1 by which Redis knows it. */
export interface ScriptSource {
  lua: string;
  sha1: string;
}

export type ScriptArgument = string | number | Buffer;

/**
 * Runs a script and resolves, with its result, once what it wrote or found is on as many replicas as were asked for. Otherwise `unavailable` within a second. The script may have run then all the
 * same, as whenever an answer is lost: its caller runs it once more and is answered when the replicas have it.
 */
export type ConfirmedWrites = (
  source: ScriptSource,
  keys: readonly string[],
  args: readonly ScriptArgument[],
) => Promise<unknown>;

interface Write {
  source: ScriptSource;
  command: [numberOfKeys: number, ...keysAndArguments: ScriptArgument[]];
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
  settled: boolean;
}

/** Who comes while replicas are waited for waits with the next: there is time for both. */
const WAIT_MS = 400;
const MOST_MS = 900;
const MOST_AT_ONCE = 200;

const unconfirmed = (replicas: number, confirmed: number): ServiceError =>
  new ServiceError(
    "unavailable",
    `Redis has it, but only ${confirmed} of ${replicas} replicas confirmed it in time; send the request once more`,
    { retryAfterSeconds: 2 },
  );

/**
 * WAIT concerns the connection it comes by. So scripts go out together in one pipeline, with one WAIT at its end: what is confirmed was written to the very server whose replicas answer,
 * whatever was elected meanwhile, and many writes share one confirmation. Before the WAIT there is a write, since a script that found everything done by an earlier request wrote nothing to wait for.
 * @param redis fails fast, and serves nothing else: commands behind a WAIT wait with it
 */
export const createConfirmedWrites = (redis: Redis, replicas: number): ConfirmedWrites => {
  let waiting: Write[] = [];
  let isSending = false;
  const forgotten = new Set<string>();

  /** Sends a batch; what must be sent again. */
  const send = async (writes: readonly Write[]): Promise<Write[]> => {
    const pipeline = redis.pipeline();
    for (const { source, command } of writes)
      if (forgotten.delete(source.sha1)) pipeline.eval(source.lua, ...command);
      else pipeline.evalsha(source.sha1, ...command);
    pipeline.set(redisKeys.confirmed, "").wait(replicas, WAIT_MS);
    const results = (await pipeline.exec()) ?? [];
    const [marked, confirmed] = results.slice(writes.length);
    const lost = marked?.[0] ?? confirmed?.[0];
    const again: Write[] = [];
    let hasMoved = false;
    for (const [at, write] of writes.entries()) {
      const [error, result] = results[at] ?? [new Error("no answer")];
      if (error?.message.startsWith("NOSCRIPT")) forgotten.add(write.source.sha1);
      if (error !== null && /^(NOSCRIPT|MOVED|ASK)\b/.test(error.message)) {
        hasMoved ||= !error.message.startsWith("NOSCRIPT");
        again.push(write);
      } else if (error ?? lost) write.reject(toRedisServiceError(error ?? lost));
      else if (Number(confirmed?.[1]) >= replicas) write.resolve(result);
      else write.reject(unconfirmed(replicas, Number(confirmed?.[1])));
    }
    // A single command follows its slot to another server; then the pipeline finds it there.
    if (hasMoved) await redis.exists(redisKeys.confirmed);
    return again;
  };

  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const writes = waiting.splice(0, MOST_AT_ONCE);
      try {
        waiting.unshift(...(await send(writes)).filter(({ settled }) => !settled));
      } catch (error) {
        for (const { reject } of writes) reject(toRedisServiceError(error));
      }
    }
    isSending = false;
  };

  return (source, keys, args) =>
    new Promise((resolve, reject) => {
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          write.settled = true;
          how(value);
        };
      const write: Write = {
        ...{ source, command: [keys.length, ...keys, ...args] },
        ...{ resolve: settle(resolve), reject: settle(reject), settled: false },
      };
      const timer = setTimeout(() => {
        // What was refused is not sent later.
        waiting = waiting.filter((each) => each !== write);
        write.reject(toRedisServiceError(new Error(`not confirmed within ${MOST_MS} ms`)));
      }, MOST_MS);
      waiting.push(write);
      if (isSending) return;
      isSending = true;
      // What one turn of the event loop asks for goes out together.
      setImmediate(() => void sendAll());
    });
};
