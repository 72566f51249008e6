import { ServiceError } from "../domain/errors.ts";

export const ANSWER_MS = 900;

/** BullMQ waits for a connection for ever; a caller of the API is answered within a second. `name` is the queue's, for the error. */
export const answered = async <T>(name: string, ask: () => Promise<T>, limitMs = ANSWER_MS): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (cause) {
    throw new ServiceError("unavailable", `The ${name} cannot be used right now`, {
      cause,
      retryAfterSeconds: 2,
    });
  } finally {
    clearTimeout(timer);
  }
};
