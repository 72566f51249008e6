import { z } from "zod";

/** Models of one name are its versions. */
export const ModelVersion = z
  .int()
  .min(1)
  .optional()
  .describe(
    "models of one name are its versions 1, 2, …, in the order in which they were stored; those of earlier versions of this service are without",
  );
