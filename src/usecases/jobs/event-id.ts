import { invalidAt } from "../../domain/errors.ts";

/** Event ids come back from clients (`Last-Event-ID`): only what an id can look like reaches the store. Null: from the start. */
export const parseEventId = (id: string | undefined): string | null => {
  if (id === undefined || id === "") return null;
  if (!/^[0-9]{1,16}(-[0-9]{1,16})?$/.test(id)) {
    const detail = "is not the id of an event";
    throw invalidAt("/query/after", detail);
  }
  const [milliseconds = "0", place = "0"] = id.split("-").map((part) => String(BigInt(part)));
  return milliseconds === "0" && place === "0" ? null : `${milliseconds}-${place}`;
};
