import { ServiceError } from "../../domain/errors.ts";
import type { Rate, RateStanding } from "../../domain/fairness/rate.ts";
import type { RateLimiter } from "../../store/redis/rate-limiter.ts";
import type { Admit } from "./caller.ts";
import { type Admitted, type Scope, scopeOf } from "./operations.ts";

/** What is counted together, per API key: looking must not use up what steering needs, nor serving what either does. */
export type RateClass = Scope | "predict";
export type Rates = Record<RateClass, Rate>;

export const defaultRates: Rates = {
  read: { perSecond: 100, burst: 400 },
  submit: { perSecond: 20, burst: 100 },
  admin: { perSecond: 20, burst: 100 },
  predict: { perSecond: 100, burst: 400 },
};

const classOf = (operation: Admitted): RateClass => (operation === "predict" ? "predict" : scopeOf(operation));

const refusal = (standing: RateStanding, waitSeconds: number): ServiceError => {
  const { name, rate } = standing;
  const what = name === "predict" ? "predictions per second" : `requests per second that need the scope "${name}"`;
  const detail = `more than ${rate.perSecond} ${what}`;
  return new ServiceError("rate_limited", detail, { retryAfterSeconds: waitSeconds, rate: standing });
};

/**
 * Admits as `admit` does, and no faster than the rates: the caller's own, if it has some. `rate_limited` says when to come back. `unavailable`
 * when Redis cannot count: no operation works without it, and to find that out once takes as long as a caller is promised to wait. Metrics are not counted.
 */
export const limitRate = (admit: Admit, limiter: RateLimiter, rates: Rates = defaultRates): Admit => {
  return async (operation, authorization, peer) => {
    const caller = await admit(operation, authorization, peer);
    if (operation === "readMetrics") return caller;
    const name = classOf(operation);
    const rate = caller.rates?.[name] ?? rates[name];
    const { waitSeconds, ...taken } = await limiter.take(`${caller.tenant}:${caller.key ?? ""}:${name}`, rate);
    const standing = { name, rate, ...taken };
    if (waitSeconds > 0) throw refusal(standing, waitSeconds);
    return { ...caller, rate: standing };
  };
};
