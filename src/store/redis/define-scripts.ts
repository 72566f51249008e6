import type { Redis } from "ioredis";
import { assert } from "../../domain/errors.ts";
import { onRedis } from "./redis-error.ts";

export type Script = (keys: readonly string[], ...args: readonly (string | number | Buffer)[]) => Promise<unknown>;

/**
 * Registers Lua scripts on a connection: sent by their hash, and in full again when Redis has forgotten them after a restart.
 * Each runs atomically. Errors are translated.
 */
export const defineScripts = <Name extends string>(
  redis: Redis,
  family: string,
  sources: Readonly<Record<Name, string>>,
): Record<Name, Script> => {
  const scripts: Partial<Record<Name, Script>> = {};
  for (const name in sources) {
    const command = `${family}:${name}`;
    redis.defineCommand(command, { lua: sources[name] });
    // ioredis adds the command to the connection object at run time, where its types cannot see it.
    const send: unknown = Reflect.get(redis, command);
    assert(typeof send === "function", "a defined command is a method");
    scripts[name] = (keys, ...args) =>
      onRedis(() => Promise.resolve(Reflect.apply(send, redis, [keys.length, ...keys, ...args])));
  }
  return scripts as Record<Name, Script>;
};
