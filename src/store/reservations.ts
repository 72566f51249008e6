import type { TenantId } from "../domain/ids.ts";

/** What was read off the reservations before the store was measured. */
export interface Look {
  /** Starts and ends of uploads so far: ends that come later are counted beside what is measured. */
  sequence: number;
  /** Where the uploads under way put their files. What lies there is reserved already, and not to be measured. */
  underWay: readonly string[];
}

export interface Wanted {
  /** All that the upload has taken so far, and what it would have ahead if there is room. */
  atLeast: number;
  atMost: number;
  /** The tenant's quota less what was measured after the look at `sequence`. */
  free: number;
  sequence: number;
}

/**
 * Bytes that a tenant's uploads under way will have stored, over all API processes. An upload is named by the prefix of its files. What
 * nobody renews is given back by itself. Errors: `unavailable`.
 */
export interface Reservations {
  look(tenant: TenantId): Promise<Look>;
  /**
   * What the upload holds then, instead of what it had. Nothing changes if there is no room for the least: `full`, or `later` if only
   * uploads that began after this one are in its way. Those will be refused when they ask for more, so that they cannot all refuse each other.
   */
  reserve(tenant: TenantId, upload: string, wanted: Wanted): Promise<number | "full" | "later">;
  /** The upload is still under way. One that was given back already stays so, until it asks again. */
  renew(tenant: TenantId, upload: string): Promise<void>;
  /** The upload has ended: its files are whole, or gone. */
  release(tenant: TenantId, upload: string): Promise<void>;
  /** How long a reservation lasts without being renewed, and an end is remembered: a look must be younger. */
  readonly lastsMs: number;
}
