import type { IncomingMessage } from "node:http";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import { withProgressLimit } from "../usecases/admission/progress-limit.ts";

/** `unsupported_media_type` when the body is said to be in another encoding than UTF-8, of which ASCII is a part. */
export const requireUtf8 = ({ headers }: FastifyRequest, what: string): void => {
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(headers["content-type"] ?? "")?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new ServiceError(
      "unsupported_media_type",
      `${what} must be UTF-8; send it so, not as ${charset.slice(0, 50)}`,
    );
};

const damaged = (cause: Error): ServiceError =>
  new ServiceError("malformed", `the body is not whole gzip, as Content-Encoding says: ${cause.message}`, { cause });

/** zlib's errors are the client's; what the source throws is itself. */
async function* readable(stream: Readable): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof Error && "code" in error && /^(Z_|ERR_TRAILING_JUNK)/.test(String(error.code)))
      throw damaged(error);
    throw error;
  }
}

/** The codings under which a file may come, as `Content-Encoding` names them (RFC 9110, 8.4.1). */
const codings: Record<string, (source: Readable) => Readable> = {
  identity: (source) => source,
  // How much comes out is for the reader to limit. What goes wrong reaches whoever reads, and is nobody's when nobody does any more.
  gzip: (source) => {
    const plain = pipeline(source, createGunzip(), () => {}).on("error", () => {});
    return Readable.from(readable(plain), { objectMode: false });
  },
};

/** The coding that a file's body has. `unsupported_media_type` for any other than gzip, before a byte is read. */
const codingOf = ({ headers }: FastifyRequest): string => {
  const named = headers["content-encoding"]?.trim().toLowerCase() || "identity";
  const coding = named === "x-gzip" ? "gzip" : named;
  if (Object.hasOwn(codings, coding)) return coding;
  throw new ServiceError(
    "unsupported_media_type",
    `Content-Encoding ${named.slice(0, 50)} is not supported; send the file as it is, or compressed with gzip`,
  );
};

/** A file's body as a stream of its bytes, uncompressed; cut by silence and by dripping. What sends it is not destroyed: it is to be answered. */
export const openFileBody = async (request: FastifyRequest, payload: IncomingMessage): Promise<Readable> => {
  requireUtf8(request, "the file");
  const decode = codings[codingOf(request)] as (source: Readable) => Readable;
  return decode(
    Readable.from(
      withProgressLimit<Buffer>(payload, ({ length }) => length),
      { objectMode: false },
    ),
  );
};
