import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { ServiceError } from "../domain/errors.ts";

const tooLarge = (limitBytes: number): ServiceError =>
  new ServiceError("too_large", `a JSON body here may have at most ${limitBytes.toLocaleString("en-US")} bytes`);

const read = async (payload: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // `on("data")` rather than iteration: leaving an iteration early destroys the request, and with it the way to answer.
  await new Promise<void>((resolve, reject) => {
    payload.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) {
        payload.removeAllListeners("data").pause();
        reject(tooLarge(limitBytes));
      } else chunks.push(chunk);
    });
    payload.once("end", resolve);
    payload.once("error", (cause) =>
      reject(new ServiceError("malformed", "the body ended before it was whole", { cause })),
    );
  });
  return Buffer.concat(chunks);
};

const decode = (bytes: Buffer): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ServiceError("malformed", "the body is not valid UTF-8", { cause });
  }
};

/** Parses a JSON body: bounded, valid UTF-8, with node's own words for where the JSON breaks off. */
export const parseJsonBody = async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(request.headers["content-type"] ?? "")?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new ServiceError("unsupported_media_type", `JSON is UTF-8 (RFC 8259); send it so, not as ${charset}`);
  }
  const coding = request.headers["content-encoding"];
  if (coding !== undefined && coding !== "identity") {
    throw new ServiceError(
      "unsupported_media_type",
      `send the body uncompressed: Content-Encoding ${coding} is not supported`,
    );
  }
  const limitBytes = request.routeOptions.bodyLimit;
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const text = decode(await read(payload, limitBytes));
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError("malformed", `the body is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
  }
};
