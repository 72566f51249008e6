import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { assert } from "../../domain/errors.ts";
import type { ConfirmedWrites, ScriptArgument } from "./connection/confirmed-writes.ts";
import { onRedis } from "./redis-error.ts";

export type Script = (keys: readonly string[], ...args: readonly ScriptArgument[]) => Promise<unknown>;

/** The scripts whose results are acknowledged to users: with `by` they resolve when replicas have what they wrote. */
export interface Acknowledged<Name extends string> {
  by: ConfirmedWrites | null;
  names: readonly Name[];
}

/**
 * Registers Lua scripts on a connection: sent by their hash, and in full again when Redis has forgotten them after a restart.
 * Each runs atomically. Errors are translated.
 */
export const defineScripts = <Name extends string>(
  redis: Redis,
  family: string,
  sources: Readonly<Record<Name, string>>,
  acknowledged: Acknowledged<NoInfer<Name>> = { by: null, names: [] },
): Record<Name, Script> => {
  const scripts: Partial<Record<Name, Script>> = {};
  const { by: confirmed, names } = acknowledged;
  for (const name in sources) {
    const lua = sources[name];
    if (confirmed !== null && names.includes(name)) {
      const source = { lua, sha1: createHash("sha1").update(lua).digest("hex") };
      scripts[name] = (keys, ...args) => confirmed(source, keys, args);
      continue;
    }
    const command = `${family}:${name}`;
    redis.defineCommand(command, { lua });
    // ioredis adds the command to the connection object at run time, where its types cannot see it.
    const send: unknown = Reflect.get(redis, command);
    assert(typeof send === "function", "a defined command is a method");
    scripts[name] = (keys, ...args) =>
      onRedis(() => Promise.resolve(Reflect.apply(send, redis, [keys.length, ...keys, ...args])));
  }
  return scripts as Record<Name, Script>;
};
