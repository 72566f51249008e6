import { z } from "zod";
import { parse } from "../../usecases/admission/parse.ts";

const inner = (schema: z.core.$ZodType): z.core.$ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? inner(schema._zod.def.innerType) : schema;

/** A query holds text only: what the schema wants as a number or a boolean and what looks like one becomes one. */
const fromText = (schema: z.core.$ZodType | undefined, text: unknown): unknown => {
  if (typeof text !== "string" || schema === undefined) return text;
  const wanted = inner(schema);
  if (wanted instanceof z.ZodNumber) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (wanted instanceof z.ZodBoolean) return text === "true" ? true : text === "false" ? false : text;
  return text;
};

/** A strict query: unknown parameters are errors that name the nearest known one; pointers begin with `/query`. */
export const parseQuery = <Q extends z.ZodObject>(schema: Q, raw: unknown): z.output<Q> => {
  const entries = Object.entries(raw as Record<string, unknown>);
  const converted = Object.fromEntries(entries.map(([key, text]) => [key, fromText(schema.shape[key], text)]));
  return parse(schema, converted, { base: "/query" });
};
