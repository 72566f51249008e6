import { createHash, randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { ServiceError } from "../../../domain/errors.ts";
import type { WriteOptions, WrittenArtifact } from "../artifact-store.ts";
import type { S3Answer, S3Client } from "./s3-client.ts";
import type { Encryption } from "./s3-location.ts";
import { textOf } from "./xml.ts";

/** The least that S3 takes for a part that is not the last: an upload holds two, one being filled and one on its way. */
const PART_BYTES = 5 * 1024 ** 2;
const MOST_PARTS = 10_000;

/** By which a write recognises its own object, when the answer to it was lost. */
const TOKEN = "x-amz-meta-descent-write";

const encryptionHeaders = (encryption: Encryption): Record<string, string> => {
  if (encryption === null) return {};
  const key = encryption.type === "aws:kms" ? encryption.keyId : null;
  return {
    "x-amz-server-side-encryption": encryption.type,
    ...(key === null ? {} : { "x-amz-server-side-encryption-aws-kms-key-id": key }),
  };
};

const taken = (): ServiceError => new ServiceError("in_use", "there is such an artifact already");

/** A write of one object, in the ways in which S3 takes it. */
const createWrite = (client: S3Client, key: string, { ifAbsent = false }: WriteOptions, signal: AbortSignal) => {
  const token = randomUUID();
  const headers = { [TOKEN]: token, ...encryptionHeaders(client.location.encryption) };
  const condition: Record<string, string> = ifAbsent ? { "if-none-match": "*" } : {};
  const isOurs = async (): Promise<boolean> => {
    const { status, headers: stored } = await client.send({ method: "HEAD", key, accept: [404] });
    return status === 200 && stored.get(TOKEN) === token;
  };
  /** What publishes the object: refused where there is one, unless an attempt before made it. */
  const publish = async (send: (condition: Record<string, string>) => Promise<S3Answer>): Promise<void> => {
    let answer = await send(condition);
    // A store that has no conditions: whoever asks has looked before, and the names that are asked for are nobody else's.
    if (answer.status === 501) answer = await send({});
    if (answer.status < 300) return;
    if (answer.retries > 0 && (await isOurs())) return;
    if (answer.status === 412 || answer.status === 409) throw taken();
    throw new ServiceError("unavailable", `the S3 store did not publish the artifact (${answer.code})`, {
      retryAfterSeconds: 10,
    });
  };
  return {
    put: (body: Uint8Array<ArrayBuffer>) =>
      publish((condition) =>
        client.send({
          ...{ method: "PUT", key, body, signal, headers: { ...headers, ...condition } },
          accept: ifAbsent ? [409, 412, 501] : [],
        }),
      ),
    begin: async (): Promise<string> => {
      const { text } = await client.send({ method: "POST", key, query: { uploads: "" }, headers, signal });
      const id = textOf(text, "UploadId");
      if (id === null) throw new ServiceError("unavailable", "the S3 store began no upload", { retryAfterSeconds: 10 });
      return id;
    },
    part: async (uploadId: string, number: number, body: Uint8Array<ArrayBuffer>): Promise<string> => {
      const query = { partNumber: String(number), uploadId };
      return (await client.send({ method: "PUT", key, query, body, signal })).headers.get("etag") ?? "";
    },
    complete: (uploadId: string, etags: readonly string[]) => {
      const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
      const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
      return publish((condition) =>
        client.send({
          method: "POST",
          key,
          query: { uploadId },
          body,
          signal,
          headers: condition,
          accept: [404, 409, 412, 501],
        }),
      );
    },
    abort: (uploadId: string) =>
      client.send({ method: "DELETE", key, query: { uploadId }, accept: [404] }).then(() => undefined),
  };
};

/** The body in pieces of one size, the last one smaller, each in memory of its own. */
async function* pieces(
  body: Readable | Uint8Array,
  seen: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let piece = new Uint8Array(PART_BYTES);
  let filled = 0;
  const chunks: AsyncIterable<Uint8Array | string> | Uint8Array[] = body instanceof Uint8Array ? [body] : body;
  for await (const chunk of chunks) {
    const data = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    seen(data);
    for (let at = 0; at < data.byteLength; ) {
      const taking = data.subarray(at, at + PART_BYTES - filled);
      piece.set(taking, filled);
      at += taking.byteLength;
      filled += taking.byteLength;
      if (filled < PART_BYTES) continue;
      yield piece;
      piece = new Uint8Array(PART_BYTES);
      filled = 0;
    }
  }
  yield piece.subarray(0, filled);
}

/**
 * Writes an object as a whole: what fits into one part with one request, more as a multipart upload that is aborted when the body, the
 * store or the limit ends it. Nothing is seen of it before its last byte has arrived, and what is there until then stays.
 */
export const writeObject = async (
  client: S3Client,
  key: string,
  body: Readable | Uint8Array,
  options: WriteOptions,
): Promise<WrittenArtifact> => {
  const { limitBytes = Number.POSITIVE_INFINITY } = options;
  const hash = createHash("sha256");
  let bytes = 0;
  const seen = (chunk: Uint8Array): void => {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) throw new ServiceError("too_large", `larger than the limit of ${limitBytes} bytes`);
    hash.update(chunk);
  };
  const gone = new AbortController();
  const write = createWrite(client, key, options, gone.signal);
  const etags: string[] = [];
  let uploadId: string | null = null;
  let underWay: Promise<void> = Promise.resolve();
  try {
    for await (const piece of pieces(body, seen)) {
      const isLast = piece.byteLength < PART_BYTES;
      if (isLast && uploadId === null) {
        await write.put(piece);
        break;
      }
      uploadId ??= await write.begin();
      await underWay;
      if (isLast && piece.byteLength === 0) break;
      const [id, number] = [uploadId, etags.push("")];
      if (number > MOST_PARTS) throw new ServiceError("too_large", `larger than ${MOST_PARTS * PART_BYTES} bytes`);
      underWay = write.part(id, number, piece).then((etag) => {
        etags[number - 1] = etag;
      });
      underWay.catch(() => undefined); // told at the next turn
    }
    await underWay;
    if (uploadId !== null) await write.complete(uploadId, etags);
    return { bytes, sha256: hash.digest("hex") };
  } catch (error) {
    gone.abort(error);
    await underWay.catch(() => undefined);
    // What cannot be aborted now is swept later.
    if (uploadId !== null) await write.abort(uploadId).catch(() => undefined);
    throw error;
  }
};
