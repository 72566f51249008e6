import { ServiceError } from "../../domain/errors.ts";

/** Event ids come back from clients (`Last-Event-ID`): only what an id can look like reaches the store. Null: from the start. */
export const parseEventId = (id: string | undefined): string | null => {
  if (id === undefined || id === "") return null;
  if (!/^[0-9]{1,16}(-[0-9]{1,16})?$/.test(id)) {
    const detail = "is not the id of an event";
    throw new ServiceError("invalid", `/query/after: ${detail}`, { errors: [{ pointer: "/query/after", detail }] });
  }
  const [milliseconds = "0", place = "0"] = id.split("-").map((part) => String(BigInt(part)));
  return milliseconds === "0" && place === "0" ? null : `${milliseconds}-${place}`;
};

/** Whether `a` stands before `b`: ids are two whole numbers, the milliseconds and the place within one. */
export const isBefore = (a: string, b: string): boolean => {
  const [ofA, ofB] = [a, b].map((id) => id.split("-").map(BigInt)) as [bigint[], bigint[]];
  return ofA[0] === ofB[0] ? (ofA[1] ?? 0n) < (ofB[1] ?? 0n) : (ofA[0] ?? 0n) < (ofB[0] ?? 0n);
};
