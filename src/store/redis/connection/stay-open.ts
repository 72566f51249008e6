import type { Redis } from "ioredis";

/**
 * ioredis ends a connection for good that is told of another master while it asks a Sentinel for it: right after a fail-over, that is. One that ended without being told to is
 * made again, and so are connections that are made of its options, as BullMQ's are.
 */
export const stayOpen = (redis: Redis): void => {
  let closed = false;
  const [disconnect, quit, duplicate] = [redis.disconnect, redis.quit, redis.duplicate].map((call) =>
    call.bind(redis),
  ) as [Redis["disconnect"], Redis["quit"], Redis["duplicate"]];
  redis.disconnect = (reconnect = false) => {
    closed ||= !reconnect;
    disconnect(reconnect);
  };
  redis.quit = (...args) => {
    closed = true;
    return quit(...args);
  };
  redis.duplicate = (options) => {
    const twin = duplicate(options);
    stayOpen(twin);
    return twin;
  };
  redis.on("connecting", () => {
    closed = false;
  });
  const again = (): void => {
    if (!closed && redis.status === "end") redis.connect().catch(() => undefined); // what goes wrong is its listeners' to hear
  };
  redis.on("end", () => setImmediate(again));
};
