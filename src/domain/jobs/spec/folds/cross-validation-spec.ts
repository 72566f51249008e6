import { z } from "zod";
import { limits } from "../../../limits.ts";

export const CrossValidation = z
  .strictObject({
    folds: z
      .int()
      .min(2)
      .max(limits.fits)
      .default(5)
      .describe("Parts of the rows, each of which is predicted by a model that learnt from the others."),
    repeats: z
      .int()
      .min(1)
      .max(limits.fits / 2)
      .default(1)
      .describe(
        `How many times the rows are divided anew: what depends on the division averages out. folds · repeats is at most ${limits.fits}.`,
      ),
    by: z
      .string()
      .min(1)
      .max(limits.nameLength)
      .optional()
      .describe(
        "A column whose equal values mark rows that belong together (patients, shops): they are in one fold, so that no model has seen any of them. It is no feature unless the task names it. Left out: rows are drawn one by one, from each class by itself if `split.stratify`.",
      ),
    model: z
      .enum(["all_rows", "folds"])
      .default("all_rows")
      .describe(
        "What the job leaves. `all_rows`: a model that is fitted to all rows once the folds have measured it. `folds`: the ensemble of the folds' models, each behind its own preprocessing; it answers with the mean of their probabilities or values, and nothing is fitted any more.",
      ),
  })
  .meta({
    id: "CrossValidation",
    description:
      "The report is of predictions for rows that the model of their fold has not seen; the job's own model is then fitted to all rows, or is the ensemble of those models.",
  });

export type CrossValidation = z.infer<typeof CrossValidation>;

/** Which rows a fit does not see: a part of one division of the rows. From 0. */
export interface HeldOut {
  readonly repeat: number;
  readonly fold: number;
}

/** Whether a job's model is the ensemble of its folds' models. */
export const isFoldEnsemble = ({
  training,
}: {
  readonly training: { readonly crossValidation?: CrossValidation | undefined };
}): boolean => training.crossValidation?.model === "folds";
