import type { Redis } from "ioredis";
import type { ConfirmedWrites } from "./confirmed-writes.ts";

/** What a store on Redis works with. */
export interface StoreConnections {
  /** Fails fast: nothing is queued while Redis is away. */
  redis: Redis;
  /** A lasting connection, which may be shared with other subscriptions: one that is subscribed takes no other commands. */
  subscriber: Redis;
  /** Where replicas confirm what is acknowledged. */
  confirmed?: ConfirmedWrites | null;
}
