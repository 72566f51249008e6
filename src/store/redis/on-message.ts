import type { Redis } from "ioredis";

/**
 * Calls back with each message of a channel. Returns the unsubscriber.
 * @param subscriber a lasting connection, which may be shared with other subscriptions
 */
export const onMessage = (subscriber: Redis, channel: string, listener: (message: string) => void): (() => void) => {
  const heard = (from: string, message: string): void => {
    if (from === channel) listener(message);
  };
  subscriber.on("message", heard);
  const subscribe = (): void => void subscriber.subscribe(channel).catch(() => undefined);
  // A connection that breaks before it has subscribed comes back with another `ready`.
  subscriber.on("ready", subscribe);
  if (subscriber.status === "ready") subscribe();
  return () => {
    subscriber.off("message", heard);
    subscriber.off("ready", subscribe);
  };
};
