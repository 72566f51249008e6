import type { IncomingMessage } from "node:http";

const limitBytes = 64 * 1024 ** 2;
const limitMs = 3000;

/**
 * Reads the rest of a body and throws it away, so that a client which writes before it reads gets the answer instead of
 * a connection reset. False when the body was longer or slower than the bounds: the connection must be closed then.
 */
export const discardBody = async (request: IncomingMessage): Promise<boolean> => {
  if (request.complete || request.readableEnded || request.destroyed) return true;
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (whole: boolean) => {
      clearTimeout(timer);
      request.off("data", count).off("end", ended).off("close", ended).off("error", ended);
      request.resume();
      resolve(whole);
    };
    const ended = () => finish(true);
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) finish(false);
    };
    const timer = setTimeout(() => finish(false), limitMs);
    request.on("data", count).on("end", ended).on("close", ended).on("error", ended);
    request.resume();
  });
};
