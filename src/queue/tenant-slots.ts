interface Share {
  active: number;
  /** How long its last one took: what the next will take. */
  tookMs: number;
  /** When the last of those put aside shall come again. */
  lastTurnMs: number;
}

const FIRST_GUESS_MS = 100;
const LONGEST_MS = 60_000;

/**
 * At most `limit` at a time for each tenant. Who finds no slot is told when to come again: one after another, as fast as slots
 * become free by what the tenant's last one took, so that neither do thousands come in vain nor does a slot stay empty.
 */
export const createTenantSlots = (limit: number, nowMs: () => number) => {
  const shares = new Map<string, Share>();
  return {
    /** 0: the slot is the caller's; else how many milliseconds later to come again. */
    take: (tenant: string): number => {
      const share = shares.get(tenant) ?? { active: 0, tookMs: FIRST_GUESS_MS, lastTurnMs: 0 };
      shares.set(tenant, share);
      if (share.active < limit) {
        share.active += 1;
        return 0;
      }
      const turnMs = Math.max(share.lastTurnMs, nowMs()) + share.tookMs / limit;
      share.lastTurnMs = Math.min(turnMs, nowMs() + LONGEST_MS);
      return Math.max(1, Math.ceil(share.lastTurnMs - nowMs()));
    },
    free: (tenant: string, tookMs: number): void => {
      const share = shares.get(tenant);
      if (share === undefined) return;
      share.active -= 1;
      share.tookMs = tookMs;
      if (share.active === 0) shares.delete(tenant);
    },
  };
};
