import { ServiceError } from "../../domain/errors.ts";
import type { Rate, RateLimiter } from "../../store/redis/rate-limiter.ts";
import type { Admit } from "./caller.ts";
import { type Scope, scopeOf } from "./operations.ts";

/** Per API key (or tenant, without keys) and scope: looking must not use up what steering needs. */
export type Rates = Record<Scope, Rate>;

export const defaultRates: Rates = {
  read: { perSecond: 100, burst: 400 },
  submit: { perSecond: 20, burst: 100 },
  admin: { perSecond: 20, burst: 100 },
};

/**
 * Admits as `admit` does, and no faster than the rates: `rate_limited` says when to come back. `unavailable` when Redis cannot count:
 * no operation works without it, and to find that out once takes as long as a caller is promised to wait. Metrics are not counted.
 */
export const limitRate = (admit: Admit, limiter: RateLimiter, rates: Rates = defaultRates): Admit => {
  return async (operation, authorization, peer) => {
    const caller = await admit(operation, authorization, peer);
    if (operation === "readMetrics") return caller;
    const scope = scopeOf(operation);
    const waitSeconds = await limiter.take(`${caller.tenant}:${caller.key ?? ""}:${scope}`, rates[scope]);
    if (waitSeconds === 0) return caller;
    const { perSecond } = rates[scope];
    throw new ServiceError(
      "rate_limited",
      `more than ${perSecond} requests per second that need the scope "${scope}"`,
      { retryAfterSeconds: waitSeconds },
    );
  };
};
