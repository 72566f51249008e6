import { ServiceError } from "../../domain/errors.ts";

/** Event ids come back from clients (`Last-Event-ID`): only what an id can look like reaches the store. */
export const parseEventId = (id: string | undefined): string | null => {
  if (id === undefined || id === "") return null;
  if (!/^[0-9]{1,16}(-[0-9]{1,16})?$/.test(id)) {
    const detail = "is not the id of an event";
    throw new ServiceError("invalid", `/query/after: ${detail}`, { errors: [{ pointer: "/query/after", detail }] });
  }
  return id;
};
