import { ServiceError } from "../../domain/errors.ts";

/** What a body refers to is part of the body: an absent one is a fault at its pointer, not a 404 of the route. */
export const referred = async <T>(pointer: string, what: Promise<T>): Promise<T> => {
  try {
    return await what;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "not_found") throw error;
    throw new ServiceError("invalid", `${pointer}: ${error.message}`, {
      errors: [{ pointer, detail: error.message }],
      cause: error,
    });
  }
};
