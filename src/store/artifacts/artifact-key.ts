import { ServiceError } from "../../domain/errors.ts";

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const KEY_LENGTH = 512;

/**
 * Refuses what is not a key: empty segments, `.` and `..`, hidden names (the store keeps its own there), absolute paths,
 * backslashes, control characters. Ids are the server's own, so this only stops a bug or an attack: `not_found`, like any
 * name that cannot exist, and without telling which part was refused.
 */
export const parseKey = (key: string): readonly string[] => {
  const segments = key.split("/");
  if (key.length > KEY_LENGTH || segments.length < 2 || !segments.every((segment) => SEGMENT.test(segment))) {
    throw new ServiceError("not_found", "there is no such artifact");
  }
  return segments;
};

/** As `parseKey`, for `tenant/…/`, the ending slash included; a whole tenant (`tenant/`) is a prefix too. */
export const parsePrefix = (prefix: string): readonly string[] => {
  const segments = prefix.split("/");
  if (prefix.length > KEY_LENGTH || segments.pop() !== "" || !segments.every((segment) => SEGMENT.test(segment))) {
    throw new ServiceError("not_found", "there is no such artifact");
  }
  return segments;
};
