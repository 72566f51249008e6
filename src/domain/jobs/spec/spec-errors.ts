import { type ErrorCode, type FieldError, ServiceError } from "../../errors.ts";

/** Gathers what is wrong with a spec, so that one answer names all of it. */
export const createSpecErrors = () => {
  const errors: FieldError[] = [];
  const add = (pointer: string, detail: string): void => {
    errors.push({ pointer, detail });
  };
  /** Throws what was gathered: later checks presume that these passed. */
  const throwIfAny = (code: ErrorCode): void => {
    const [first] = errors;
    if (first === undefined) return;
    const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
    throw new ServiceError(code, `${first.pointer}: ${first.detail}${more}`, { errors });
  };
  return { add, throwIfAny };
};

export type SpecErrors = ReturnType<typeof createSpecErrors>;
