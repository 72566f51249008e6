import { ServiceError } from "../../domain/errors.ts";
import type { RateStanding } from "../../domain/fairness/rate.ts";
import type { RateLimiter } from "../../store/redis/rate-limiter.ts";
import type { Admit } from "./caller.ts";
import { type Admitted, scopeOf } from "./operations.ts";
import { defaultRates, type RateClass, type Rates } from "./rates.ts";

const classOf = (operation: Admitted): RateClass => {
  if (operation === "predict") return "predict";
  const scope = scopeOf(operation);
  return scope === "operator" ? "admin" : scope;
};

const refusal = (standing: RateStanding, waitSeconds: number): ServiceError => {
  const { name, rate } = standing;
  const what = name === "predict" ? "predictions per second" : `requests per second that need the scope "${name}"`;
  const detail = `more than ${rate.perSecond} ${what}`;
  return new ServiceError("rate_limited", detail, { retryAfterSeconds: waitSeconds, rate: standing });
};

/**
 * Admits as `admit` does, and no faster than the rates: the caller's own, if it has some. `rate_limited` says when to come back. `unavailable`
 * when Redis cannot count: no operation works without it, and to find that out once takes as long as a caller is promised to wait. Metrics and the page of the queues are not counted.
 */
export const limitRate = (admit: Admit, limiter: RateLimiter, rates: Rates = defaultRates): Admit => {
  return async (operation, authorization, peer) => {
    const caller = await admit(operation, authorization, peer);
    if (operation === "readMetrics" || operation === "viewQueues") return caller;
    const name = classOf(operation);
    const rate = caller.rates?.[name] ?? rates[name];
    const subject = `${caller.tenant}:${caller.key ?? ""}:${name}`;
    const { waitSeconds, ...taken } = await limiter.take(subject, rate);
    const standing = { name, rate, ...taken };
    if (waitSeconds > 0) throw refusal(standing, waitSeconds);
    const countMore = async (count: number) => {
      const more = await limiter.takeSome(subject, rate, count);
      const { remaining, resetSeconds } = more;
      const after = { name, rate, remaining, resetSeconds };
      return { admitted: more.taken, standing: after, refused: refusal(after, more.waitSeconds) };
    };
    return { ...caller, rate: standing, countMore };
  };
};
