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

/** Where a tenant stands with what it may hold at a time, right after a request that counts against it, or was refused for it. */
export interface QuotaStanding {
  name: "queued-jobs" | "stored-bytes";
  quota: number;
  remaining: number;
}

/** The newest of each. */
export interface Standings {
  rate: RateStanding | undefined;
  quota?: QuotaStanding;
}

export const withStanding = (standings: Standings, standing: RateStanding | QuotaStanding): Standings =>
  "rate" in standing ? { ...standings, rate: standing } : { ...standings, quota: standing };

/** The draft's units. */
const units = { "queued-jobs": "jobs", "stored-bytes": "content-bytes" } as const;

const withRate = ({ name, rate, remaining, resetSeconds }: RateStanding) => ({
  policy: `"${name}";q=${rate.burst};w=${Math.max(1, Math.ceil(rate.burst / rate.perSecond))}`,
  standing: `"${name}";r=${remaining};t=${Math.ceil(resetSeconds)}`,
});

/** Without a window: nothing comes back by itself. */
const withQuota = ({ name, quota, remaining }: QuotaStanding) => ({
  policy: `"${name}";q=${quota};qu="${units[name]}"`,
  standing: `"${name}";r=${Math.max(0, remaining)}`,
});

/**
 * The fields of the IETF's draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers): the policy, q requests in w
 * seconds or q of the unit qu, and where the caller stands, r left and t seconds until all of them are. An empty bucket fills in burst / perSecond
 * seconds. What is absent is not told of.
 */
export const limitFields = (
  ...standings: readonly (RateStanding | QuotaStanding | undefined)[]
): Record<string, string> => {
  const told = standings.flatMap((each) =>
    each === undefined ? [] : ["rate" in each ? withRate(each) : withQuota(each)],
  );
  if (told.length === 0) return {};
  const list = (key: "policy" | "standing") => told.map((each) => each[key]).join(", ");
  return { "ratelimit-policy": list("policy"), ratelimit: list("standing") };
};
