import type { FeatureTransform } from "../../../domain/models/model.ts";
import type { Floats } from "./floats.ts";
import { createTermCounter } from "./text-terms.ts";

type TextTransform = Extract<FeatureTransform, { type: "text" }>;

/** Writes count · weight of each bucket, divided by the root of their sum of squares; all 0 for a text without terms. */
export const createTextWriter = (
  transform: TextTransform,
): ((out: Floats, at: number, text: string | null) => void) => {
  const { buckets, weights, missingIndicator } = transform;
  const count = createTermCounter(transform);
  const counts = new Float64Array(buckets);
  return (out, at, text) => {
    if (missingIndicator) out[at + buckets] = text === null ? 1 : 0;
    count(text ?? "", counts);
    let squares = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      if (weights !== undefined) counts[bucket]! *= weights[bucket]!;
      squares += counts[bucket]! * counts[bucket]!;
    }
    const norm = squares > 0 ? Math.sqrt(squares) : 1;
    for (let bucket = 0; bucket < buckets; bucket++) out[at + bucket] = counts[bucket]! / norm;
  };
};
