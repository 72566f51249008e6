import { type ErrorCode, type FieldError, firstOfFaults, ServiceError } from "../../errors.ts";
import { limits } from "../../limits.ts";

/** A pointer or a detail repeats what the client sent: not at any length. */
const longestPointer = 1000;
const longestDetail = 400;

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

export const toFieldError = (pointer: string, detail: string): FieldError => ({
  pointer: cut(pointer, longestPointer),
  detail: cut(detail, longestDetail),
});

/**
 * Gathers what is wrong with a request, so that one answer names all of it: the first faults in words, the others by their number.
 * A detail that costs something to word is given as a function, which is not called for those.
 */
export const createSpecErrors = () => {
  const errors: FieldError[] = [];
  let count = 0;
  const add = (pointer: string, detail: string | (() => string)): void => {
    count += 1;
    if (errors.length >= limits.errorsInAnswer) return;
    errors.push(toFieldError(pointer, typeof detail === "string" ? detail : detail()));
  };
  /** Throws what was gathered: later checks presume that these passed. */
  const throwIfAny = (code: ErrorCode): void => {
    if (errors.length > 0) throw new ServiceError(code, firstOfFaults(errors, count), { errors });
  };
  return { add, throwIfAny };
};

export type SpecErrors = ReturnType<typeof createSpecErrors>;
