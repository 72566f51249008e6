import { ServiceError } from "../../src/domain/errors.ts";

/** A thread that had a processor for less of its time than that waited for others. */
const leastShare = 0.9;

/** What a question is refused with that a thread computed at for too long; where others had the processor meanwhile, it is to come back. */
export const unlessBusy =
  (what: string, tooMuch: () => ServiceError) =>
  (share: number | null): ServiceError => {
    if (share === null || share >= leastShare) return tooMuch();
    const detail = `the ${what} came to no end on a busy machine: it had a processor for ${Math.round(100 * share)} % of its time; try again later`;
    return new ServiceError("overloaded", detail, { retryAfterSeconds: 10 });
  };
