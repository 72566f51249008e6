import { invalidAt } from "../../domain/errors.ts";

/**
 * Event ids come back from clients: only what an id can look like reaches the store. Null: from the start.
 * @param at the pointer to what the client sent it in
 */
export const parseEventId = (id: string | undefined, at = "/query/after"): string | null => {
  if (id === undefined || id === "") return null;
  if (!/^[0-9]{1,16}(-[0-9]{1,16})?$/.test(id)) throw invalidAt(at, "is not the id of an event");
  const [milliseconds = "0", place = "0"] = id.split("-").map((part) => String(BigInt(part)));
  return milliseconds === "0" && place === "0" ? null : `${milliseconds}-${place}`;
};
