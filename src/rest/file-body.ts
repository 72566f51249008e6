import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import { bodyCodings } from "../usecases/admission/body-codings.ts";
import { withProgressLimit } from "../usecases/admission/progress-limit.ts";

/** `unsupported_media_type` when the body is said to be in another encoding than UTF-8, of which ASCII is a part. */
export const requireUtf8 = ({ headers }: FastifyRequest, what: string): void => {
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(headers["content-type"] ?? "")?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new ServiceError(
      "unsupported_media_type",
      `${what} must be UTF-8; send it so, not as ${charset.slice(0, 50)} (of a table ?encoding= may state another)`,
    );
};

const compressions = Object.keys(bodyCodings)
  .filter((coding) => coding !== "identity")
  .join(" or ");

/** The coding that a file's body has. `unsupported_media_type` for any other, before a byte is read. */
const codingOf = ({ headers }: FastifyRequest): string => {
  const named = headers["content-encoding"]?.trim().toLowerCase() || "identity";
  const coding = named === "x-gzip" ? "gzip" : named;
  if (Object.hasOwn(bodyCodings, coding)) return coding;
  throw new ServiceError(
    "unsupported_media_type",
    `Content-Encoding ${named.slice(0, 50)} is not supported; send the file as it is, or compressed with ${compressions}`,
  );
};

/** A file's body as a stream of its bytes, uncompressed; cut by silence and by dripping. What sends it is not destroyed: it is to be answered. */
export const openFileBody = async (request: FastifyRequest, payload: IncomingMessage): Promise<Readable> => {
  requireUtf8(request, "the file");
  const decode = bodyCodings[codingOf(request)] as (source: Readable) => Readable;
  return decode(
    Readable.from(
      withProgressLimit<Buffer>(payload, ({ length }) => length),
      { objectMode: false },
    ),
  );
};
