import { z } from "zod";
import { exactRecord } from "./exact-record.ts";

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

export const JsonValue: z.ZodType<JsonValue, JsonValue> = z
  .lazy(() =>
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(JsonValue), exactRecord(z.string(), JsonValue)]),
  )
  .meta({ id: "JsonValue", title: "JSON", description: "Any JSON value." });
