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
  // Subscribed again by the client after an outage; what was asked for while there was no connection may have been refused.
  const subscribe = (): void => void subscriber.subscribe(channel).catch(() => subscriber.once("ready", subscribe));
  subscribe();
  return () => {
    subscriber.off("message", heard);
    subscriber.off("ready", subscribe);
  };
};
