import { ServiceError } from "../../../domain/errors.ts";
import type { S3Client } from "./s3-client.ts";
import { absent, unreachable } from "./s3-error.ts";

export interface S3Object {
  bytes: number;
  body: AsyncGenerator<Uint8Array, void, void>;
}

/** In a row, without a byte between them. */
const FAILURES = 4;

const chunkWithin = async <T>(ms: number, next: Promise<T>, giveUp: () => void): Promise<T> => {
  const timer = setTimeout(giveUp, ms);
  try {
    return await next;
  } finally {
    clearTimeout(timer);
  }
};

/**
 * An object's bytes, or those of a range. A connection that breaks, or that the store closes because the reader takes its time, is followed by another
 * that goes on where it ended, and only if the object is still the same one.
 */
export const openObject = async (
  client: S3Client,
  key: string,
  idleMs: number,
  range?: { start: number; end: number },
): Promise<S3Object> => {
  const start = range?.start ?? 0;
  const last = range === undefined ? "" : range.end - 1;
  const wanted = range === undefined ? {} : { headers: { range: `bytes=${start}-${last}` } };
  const first = await client.open({ method: "GET", key, ...wanted, accept: [404] });
  if (first.response.status === 404) {
    first.close();
    throw absent();
  }
  // A store may answer a range with the whole object (RFC 9110, 14.2), or with more of it (s3rver for `bytes=0-0`): the rest is left out here.
  const isWhole = range !== undefined && first.response.status === 200;
  const sent = Number(first.response.headers.get("content-length")) - (isWhole ? start : 0);
  const bytes = range === undefined ? sent : Math.min(sent, range.end - start);
  const etag = first.response.headers.get("etag");

  const again = async (from: number): Promise<typeof first> => {
    const headers = { range: `bytes=${start + from}-${last}`, ...(etag === null ? {} : { "if-match": etag }) };
    const opened = await client.open({ method: "GET", key, headers, accept: [404, 412] });
    if (opened.response.status === 206) return opened;
    opened.close();
    throw new ServiceError("unavailable", "the artifact was replaced while it was read", { retryAfterSeconds: 1 });
  };

  async function* body(): AsyncGenerator<Uint8Array, void, void> {
    let received = 0;
    let failures = 0;
    let toSkip = isWhole ? start : 0;
    for (let current = first; ; ) {
      const reader = current.response.body?.getReader();
      try {
        while (reader !== undefined && received < bytes) {
          const { done, value } = await chunkWithin(idleMs, reader.read(), current.close);
          if (done) throw new Error("the answer ended before the object");
          const piece = value.subarray(toSkip, toSkip + bytes - received);
          toSkip = Math.max(0, toSkip - value.byteLength);
          received += piece.byteLength;
          failures = 0;
          if (piece.byteLength > 0) yield piece;
        }
        return;
      } catch (error) {
        if (++failures > FAILURES) throw unreachable(client.location.endpoint, error);
      } finally {
        current.close();
      }
      current = await again(received);
      toSkip = 0;
    }
  }
  return { bytes, body: body() };
};
