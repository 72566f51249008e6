import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { ServiceError } from "../domain/errors.ts";
import { parseJsonBytes } from "../domain/json-bytes.ts";
import { requireUtf8 } from "./file-body.ts";

const tooLarge = (limitBytes: number): ServiceError =>
  new ServiceError("too_large", `a body here may have at most ${limitBytes.toLocaleString("en-US")} bytes`);

/** The bytes of a body that is held whole in memory: bounded, and counted as they arrive. */
const readBody = async (
  { headers, routeOptions, holdBytes }: FastifyRequest,
  payload: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer>> => {
  const limitBytes = routeOptions.bodyLimit;
  if (Number(headers["content-length"] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // `on("data")` rather than iteration: leaving an iteration early destroys the request, and with it the way to answer.
  await new Promise<void>((resolve, reject) => {
    payload.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        if (bytes > limitBytes) throw tooLarge(limitBytes);
        holdBytes(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        payload.removeAllListeners("data").pause();
        reject(error);
      }
    });
    payload.once("end", resolve);
    payload.once("error", (cause) =>
      reject(new ServiceError("malformed", "the body ended before it was whole", { cause })),
    );
  });
  // Memory of its own, not a slice of node's pool: it may be moved to a thread.
  const body = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
};

/** The bytes of a JSON body: bounded, uncompressed, said to be UTF-8. */
export const readJsonBody = async (
  request: FastifyRequest,
  payload: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer>> => {
  requireUtf8(request, "JSON");
  return readBinaryBody(request, payload);
};

/** The bytes of any body: bounded, uncompressed. */
export const readBinaryBody = async (
  request: FastifyRequest,
  payload: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer>> => {
  const coding = request.headers["content-encoding"];
  if (coding !== undefined && coding !== "identity") {
    throw new ServiceError(
      "unsupported_media_type",
      `send the body uncompressed: Content-Encoding ${coding} is not supported`,
    );
  }
  return readBody(request, payload);
};

/** Parses a JSON body: bounded, valid UTF-8, with node's own words for where the JSON breaks off. */
export const parseJsonBody = async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> =>
  parseJsonBytes(await readJsonBody(request, payload));
