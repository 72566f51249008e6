import type { Json } from "./schema.ts";

export const numberOf = (typed: string): number | undefined => (typed === "" ? undefined : Number(typed));

/** What a number's field shows: what is typed, as long as it means the value ("0.0" does, on the way to 0.001); else the value. */
export const numberText = (typed: string, value: Json | undefined): string => {
  if (numberOf(typed) === value) return typed;
  return value === undefined ? "" : String(value);
};
