import type { z } from "zod";
import type { JobEvent } from "./job.ts";

const longestMessage = 2000;
const longestText = 500;
const mostEntries = 50;
const mostDepth = 4;
/** Of an event's data, as JSON. */
const dataBytes = 8 * 1024;

type Json = z.infer<z.ZodJSONSchema>;

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}…`);

/** A reason, as a job's history and its error keep it. */
export const boundText = (text: string): string => cut(text, longestMessage);

const boundValue = (value: Json, depth: number): Json => {
  if (typeof value === "string") return cut(value, longestText);
  if (typeof value !== "object" || value === null) return value;
  if (depth === mostDepth) return "…";
  if (Array.isArray(value)) return value.slice(0, mostEntries).map((item) => boundValue(item, depth + 1));
  const entries = Object.entries(value).slice(0, mostEntries);
  return Object.fromEntries(entries.map(([key, item]) => [cut(key, longestText), boundValue(item, depth + 1)]));
};

/**
 * What of an event is recorded: a job has a thousand of them, and their texts hold names and messages that others chose. Texts are cut, and
 * data that is still too long loses its last entries; `cut` then says so.
 */
export const boundEvent = <E extends Pick<JobEvent, "message" | "data">>(event: E): E => {
  const data: JobEvent["data"] = {};
  let bytes = 0;
  let whole = true;
  for (const [key, value] of Object.entries(event.data)) {
    const kept = boundValue(value, 0);
    bytes += Buffer.byteLength(JSON.stringify([key, kept]));
    whole &&= bytes <= dataBytes;
    if (whole) data[key] = kept;
  }
  return { ...event, message: boundText(event.message), data: whole ? data : { ...data, cut: true } };
};
