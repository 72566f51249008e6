import { z } from "zod";

/** How texts become numbers. */
export const TextSpec = z
  .strictObject({
    words: z
      .int()
      .min(0)
      .max(3)
      .default(2)
      .describe(
        "Up to so many neighbouring words are one term: 1 words, 2 pairs as well, 3 triples as well; 0: no words.",
      ),
    characters: z
      .union([z.literal(0), z.int().min(2).max(5)])
      .default(0)
      .describe(
        "So many neighbouring characters of a word, with a blank before and after it, are a term as well; 0: none.",
      ),
    buckets: z
      .int()
      .min(2)
      .max(4096)
      .default(256)
      .describe(
        "Inputs of each text column: a term counts in the one whose number is |MurmurHash3 (32 bits, seed 0) of its UTF-8| mod `buckets`, as scikit-learn's HashingVectorizer has it without alternating signs.",
      ),
    weighting: z
      .enum(["tf", "tfidf"])
      .default("tfidf")
      .describe(
        "`tf`: the counts; `tfidf`: times ln((1 + n)/(1 + d)) + 1 for n training rows, of which d have a term in the bucket. A row's inputs are then divided by their root of the sum of squares.",
      ),
  })
  .refine(({ words, characters }) => words > 0 || characters > 0, "must have words or characters to count")
  .meta({
    id: "TextSpec",
    description:
      "How texts become inputs. A word is what stands between blanks and punctuation, in lower case; terms of words and of characters are counted in buckets.",
  });

export type TextSpec = z.infer<typeof TextSpec>;
