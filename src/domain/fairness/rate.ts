/** So many at once, and so many per second after that. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Where a caller stands with a rate, right after a request. */
export interface RateStanding {
  /** What is counted together. */
  name: string;
  rate: Rate;
  remaining: number;
  /** Until as many as `burst` may come at once again. */
  resetSeconds: number;
}

/**
 * The fields of the IETF's draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers): the policy, q requests in w
 * seconds, and where the caller stands, r left and t seconds until all of them are. An empty bucket fills in burst / perSecond seconds.
 */
export const rateFields = ({ name, rate, remaining, resetSeconds }: RateStanding): Record<string, string> => ({
  "ratelimit-policy": `"${name}";q=${rate.burst};w=${Math.max(1, Math.ceil(rate.burst / rate.perSecond))}`,
  ratelimit: `"${name}";r=${remaining};t=${Math.ceil(resetSeconds)}`,
});
