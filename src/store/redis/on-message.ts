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
  // Subscribed again by the client after an outage.
  subscriber.subscribe(channel).catch(() => undefined);
  return () => void subscriber.off("message", heard);
};
