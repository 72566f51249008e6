import { z } from "zod";

export const LearningCurve = z
  .strictObject({
    halvings: z
      .int()
      .min(1)
      .max(6)
      .optional()
      .describe(
        "How many parts there are beside all training rows: a half of them, a quarter, and so on, each a part of the one before. Left out: 3, or fewer where the smallest would have less than 25 rows.",
      ),
  })
  .meta({
    id: "LearningCurve",
    description:
      "Is more data worth it? The same model is also fitted to a half, a quarter, … of the training rows, and all are measured on the same test rows. Parts are drawn by the seed, from each class by itself where the split is, or as whole groups; a part is trained for as many steps as the job (as many epochs, where the learning rate falls by the epoch), with the same prior (l2 · training rows). The model that is kept, and its bits, are those of the job without it.",
  });

export type LearningCurve = z.infer<typeof LearningCurve>;
export type ResolvedLearningCurve = LearningCurve & { halvings: number };
