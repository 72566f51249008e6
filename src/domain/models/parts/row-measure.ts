import { z } from "zod";

/** What parts of a report measure a row by. */
export const rowMeasure = z.enum(["log_likelihood", "squared_error", "absolute_error", "pinball"]);

export type RowMeasure = z.infer<typeof rowMeasure>;
