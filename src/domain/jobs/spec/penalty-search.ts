import { z } from "zod";

export const PenaltySearch = z
  .strictObject({
    holdOut: z
      .number()
      .min(0.05)
      .max(0.5)
      .default(0.2)
      .describe("Share of the training rows that the trials do not see and are judged by; 1000 rows at most."),
    folds: z
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe(
        "How many parts take turns in judging each factor. Left out: as many as hold 200 rows together, at most 3.",
      ),
    factors: z
      .array(z.number().positive())
      .min(2)
      .max(9)
      .refine((factors) => factors.includes(1), "1 must be among the factors")
      .refine((factors) => factors.every((factor, i) => i === 0 || factor > factors[i - 1]!), "the factors must grow")
      .default([1 / 16, 1 / 4, 1, 4, 16, 64])
      .describe("Multiples of `l2` that may be tried, growing; 1 is among them."),
  })
  .meta({
    id: "PenaltySearch",
    title: "On",
    description:
      "How the penalty is chosen where nobody states it: networks are trained on a part of the training rows with l2 times each factor, uphill and then downhill from 1 as long as the loss of the rest falls; then the model is trained on all training rows with the best. Of few rows one part says little, so several take turns (cross-validation).",
  });

export type PenaltySearch = z.infer<typeof PenaltySearch>;

/** A resolved search says how many parts there are. */
export type ResolvedPenaltySearch = PenaltySearch & { folds: number };

/** So many rows judge together, if the parts are chosen by the service. */
const enoughJudges = 200;
/** More would be surer, and every one costs another training for each factor. */
const mostFolds = 3;
/** Beyond so many rows the differences are sure enough. */
const mostHeldOut = 1000;
/** With fewer the choice would be luck. */
const leastHeldOut = 10;

/** Rows that trials learn from, whole batches, and rows that judge them; null where there are too few. */
export const trialRows = (
  trainRows: number,
  batchRows: number,
  { holdOut }: PenaltySearch,
): { train: number; holdOut: number } | null => {
  const wanted = Math.max((1 - holdOut) * trainRows, trainRows - mostHeldOut);
  const train = batchRows * Math.round(wanted / batchRows);
  const rest = trainRows - train;
  return train >= batchRows && rest >= leastHeldOut ? { train, holdOut: rest } : null;
};

/** The search with its folds filled in. */
export const resolveSearch = (
  search: PenaltySearch,
  trainRows: number,
  batchRows: number,
  byTime: boolean,
): ResolvedPenaltySearch => {
  // The latest rows judge, and there is one such part.
  if (byTime) return { ...search, folds: search.folds ?? 1 };
  const held = trialRows(trainRows, batchRows, search)?.holdOut ?? trainRows;
  const most = Math.min(mostFolds, Math.max(1, Math.round(trainRows / held)));
  return { ...search, folds: search.folds ?? Math.min(most, Math.ceil(enoughJudges / held)) };
};
