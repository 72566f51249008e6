import { ServiceError } from "../../domain/errors.ts";

/**
 * Replies by which a live Redis says that it cannot serve now: loading its file, out of memory, unable to write its file
 * (MISCONF: the disk is full), a replica after a failover, a script that does not end.
 */
const UNABLE =
  /^(LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|NOAUTH|WRONGPASS|NOPERM)\b/;

/** An error of a Redis command as the service's own. A script that is wrong (ERR …) is a bug and stays itself. */
export const toRedisServiceError = (error: unknown): unknown => {
  if (error instanceof ServiceError || !(error instanceof Error)) return error;
  if (error.name === "ReplyError" && !UNABLE.test(error.message)) return error;
  const detail = error.name === "ReplyError" ? error.message.split(" ", 1)[0] : "no answer";
  return new ServiceError("unavailable", `Redis cannot be used right now (${detail})`, {
    cause: error,
    retryAfterSeconds: 2,
  });
};

/** Runs a command with its errors translated. */
export const onRedis = async <T>(command: () => Promise<T>): Promise<T> => {
  try {
    return await command();
  } catch (error) {
    throw toRedisServiceError(error);
  }
};
