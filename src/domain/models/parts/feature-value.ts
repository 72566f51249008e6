import { z } from "zod";

/** What a feature is in a row: a number, a category or a date as text, or null where it is missing. */
export const featureValue = z
  .union([
    z.number().meta({ title: "Number" }),
    z.string().meta({ title: "Category" }),
    z.null().meta({ title: "Missing" }),
  ])
  .meta({ id: "FeatureValue", title: "Value", description: "What a feature is in a row." });
