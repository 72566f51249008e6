import type { Redis } from "ioredis";

/**
 * ioredis listens for one error of a connection's socket. With TLS there may be two, as when the server's alert follows a handshake
 * that was broken off, and a second one that nobody hears would end the process. The first tells all; connections that are made
 * of this one's options, as BullMQ's are, are looked after too.
 */
export const ignoreSecondErrors = (redis: Redis): void => {
  let held: Redis["stream"] = redis.stream;
  const listen = (stream: Redis["stream"] | undefined): void => void stream?.on("error", () => undefined);
  listen(held);
  Object.defineProperty(redis, "stream", {
    get: () => held,
    set: (stream: Redis["stream"]) => {
      listen(stream);
      held = stream;
    },
  });
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (options) => {
    const twin = duplicate(options);
    ignoreSecondErrors(twin);
    return twin;
  };
};
