import type { Rate } from "../../domain/fairness/rate.ts";
import type { Scope } from "./operations.ts";

/** What is counted together, per API key: looking must not use up what steering needs, nor serving what either does. */
export type RateClass = Exclude<Scope, "operator"> | "predict";
export type Rates = Record<RateClass, Rate>;

export const defaultRates: Rates = {
  read: { perSecond: 100, burst: 400 },
  submit: { perSecond: 20, burst: 100 },
  admin: { perSecond: 20, burst: 100 },
  predict: { perSecond: 100, burst: 400 },
};
