import { ServiceError } from "../../domain/errors.ts";

/** Damage is only told of what still exists: a file that went with its record while it was read is `not_found`, as `record` then says. */
export const unlessDeleted = async <T>(record: () => Promise<unknown>, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ServiceError && error.code === "corrupt") await record();
    throw error;
  }
};
