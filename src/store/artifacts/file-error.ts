import { ServiceError } from "../../domain/errors.ts";

const meanings: Readonly<Record<string, string>> = {
  ENOSPC: "is full",
  EDQUOT: "is full",
  EROFS: "is read-only",
  EACCES: "may not be written",
  EPERM: "may not be written",
  EIO: "does not answer",
  EMFILE: "has too many open files",
  ENFILE: "has too many open files",
};

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/**
 * An operating error of the file system as the service's own: `unavailable`, the system's error as its cause (for its
 * `code`; the detail that users read names no path of the machine). What is not a system error is a bug and stays itself.
 */
export const toStoreError = (error: unknown): unknown => {
  const code = errorCode(error);
  // A client that leaves in the middle of its upload has a code too (ECONNRESET), and no system call that failed.
  if (!(error instanceof Error && "syscall" in error) || code === undefined) return error;
  if (code === "ENOENT") return new ServiceError("not_found", "there is no such artifact", { cause: error });
  const meaning = meanings[code] ?? "failed";
  return new ServiceError("unavailable", `the artifact store ${meaning} (${code})`, {
    cause: error,
    retryAfterSeconds: 10,
  });
};

/** Runs one step on the file system with its errors translated. */
export const onFiles = async <T>(step: () => Promise<T>): Promise<T> => {
  try {
    return await step();
  } catch (error) {
    throw toStoreError(error);
  }
};
