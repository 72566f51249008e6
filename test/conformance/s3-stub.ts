import { createHash, createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What the stub does to a request instead of serving it. */
export type Fault =
  | { kind: "refuse"; status: number; code: string; headers?: Record<string, string>; more?: string }
  /** It is done, and answered as if it were not. */
  | { kind: "unanswered" }
  /** Nothing is answered, and the connection is closed. */
  | { kind: "cut" }
  /** Nothing is answered, and the connection stays open. */
  | { kind: "hang" }
  /** The body ends after so many bytes, and the connection is closed. */
  | { kind: "torn"; bytes: number }
  /** One bit of the body that was sent is another when it arrives. */
  | { kind: "flip" };

export interface Asked {
  method: string;
  /** Of the object, the store's prefix included; empty for the bucket. */
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
}

export interface S3Stub {
  /** Without the bucket. */
  endpoint: string;
  asked: Asked[];
  /** Asked of every request; null serves it. */
  fault: (asked: Asked) => Fault | null;
  objects: Map<string, Stored>;
  /** Multipart uploads that are neither completed nor aborted. */
  uploads: Map<string, Upload>;
  /** Most bytes of bodies that were on their way at a time. */
  close(): Promise<void>;
}

interface Stored {
  body: Buffer;
  etag: string;
  headers: Record<string, string>;
}

interface Upload {
  key: string;
  parts: Map<number, Buffer>;
  headers: Record<string, string>;
  initiated: Date;
}

export const stubKeys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "stub/secret+key" };
export const stubBucket = "bucket";
/** What leads a service to the stub. */
export const stubSettings = ({ endpoint }: S3Stub) => ({
  ARTIFACT_URL: `s3://${stubBucket}/descent?endpoint=${endpoint}&region=us-east-1`,
  ...{ AWS_ACCESS_KEY_ID: stubKeys.accessKeyId, AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey },
});
const PART_BYTES = 5 * 1024 ** 2;

const digest = (algorithm: string, data: Buffer | string): string => createHash(algorithm).update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** Checks Signature Version 4 from the raw request, as Amazon's document tells it, and the body's digest. */
const checkSignature = (request: IncomingMessage, body: Buffer, region: string): void => {
  const { headers } = request;
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (match === null) throw new S3Error(403, "AccessDenied");
  const [, keyId, day, signedRegion, names, signature] = match as unknown as string[];
  if (keyId !== stubKeys.accessKeyId) throw new S3Error(403, "InvalidAccessKeyId");
  if (signedRegion !== region) throw new S3Error(400, "AuthorizationHeaderMalformed");
  const time = String(headers["x-amz-date"]);
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Math.abs(Date.now() - at) > 15 * 60_000) throw new S3Error(403, "RequestTimeTooSkewed");
  const listed = names!.split(";");
  const mustBeSigned = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (mustBeSigned.some((name) => !listed.includes(name))) throw new S3Error(403, "AccessDenied");
  const claimed = String(headers["x-amz-content-sha256"]);
  if (claimed !== "UNSIGNED-PAYLOAD" && claimed !== digest("sha256", body))
    throw new S3Error(400, "XAmzContentSHA256Mismatch");
  const [path, query = ""] = request.url!.split("?");
  const canonical = [
    ...[request.method, path, query.split("&").sort().join("&")],
    ...listed.map((name) => `${name}:${String(headers[name]).trim()}`),
    ...["", names, claimed],
  ].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${stubKeys.secretAccessKey}`, day!), region), "s3"), "aws4_request");
  const text = ["AWS4-HMAC-SHA256", time, `${day}/${region}/s3/aws4_request`, digest("sha256", canonical)].join("\n");
  if (hmac(key, text).toString("hex") !== signature) throw new S3Error(403, "SignatureDoesNotMatch");
};

const kept = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      /^x-amz-(meta-|server-side-encryption)/.test(name) ? [[name, String(value)]] : [],
    ),
  );

const escapeXml = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

export const startS3Stub = async ({
  host = "127.0.0.1",
  region = "us-east-1",
  /** Keys on a page. */
  pageSize = 3,
  conditional = true,
} = {}): Promise<S3Stub> => {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, Upload>();
  const asked: Asked[] = [];

  const list = (query: URLSearchParams): string => {
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter");
    const after = query.get("continuation-token") ?? "";
    const entries = new Map<string, string>();
    for (const [key, { body }] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const cut = delimiter === null ? -1 : rest.indexOf(delimiter);
      const name = cut === -1 ? key : prefix + rest.slice(0, cut + 1);
      if (name <= after) continue;
      const contents = `<Contents><Key>${escapeXml(key)}</Key><Size>${body.length}</Size></Contents>`;
      entries.set(name, cut === -1 ? contents : `<CommonPrefixes><Prefix>${escapeXml(name)}</Prefix></CommonPrefixes>`);
    }
    const page = [...entries].slice(0, pageSize);
    const more = entries.size > pageSize;
    const next = more ? `<NextContinuationToken>${page.at(-1)![0]}</NextContinuationToken>` : "";
    return `<ListBucketResult><Name>${stubBucket}</Name><IsTruncated>${more}</IsTruncated>${next}${page.map(([, xml]) => xml).join("")}</ListBucketResult>`;
  };

  const mayCreate = (key: string, headers: IncomingMessage["headers"]): void => {
    if (headers["if-none-match"] === undefined) return;
    if (!conditional) throw new S3Error(501, "NotImplemented");
    if (objects.has(key)) throw new S3Error(412, "PreconditionFailed");
  };

  const complete = (key: string, id: string, body: Buffer): string => {
    const upload = uploads.get(id);
    if (upload === undefined || upload.key !== key) throw new S3Error(404, "NoSuchUpload");
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>(.*?)<\/ETag>/g)];
    const parts = numbers.map(([, number, etag]) => {
      const part = upload.parts.get(Number(number));
      if (part === undefined || etag !== `"${digest("md5", part)}"`) throw new S3Error(400, "InvalidPart");
      return part;
    });
    if (parts.slice(0, -1).some(({ length }) => length < PART_BYTES)) throw new S3Error(400, "EntityTooSmall");
    uploads.delete(id);
    const whole = Buffer.concat(parts);
    objects.set(key, { body: whole, etag: `"${digest("md5", whole)}-${parts.length}"`, headers: upload.headers });
    return "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>";
  };

  interface Served {
    status: number;
    headers?: Record<string, string>;
    body?: string | Buffer;
  }

  const get = (key: string, headers: IncomingMessage["headers"]): Served => {
    const object = objects.get(key);
    if (object === undefined) throw new S3Error(404, "NoSuchKey");
    const { etag, body } = object;
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag) throw new S3Error(412, "PreconditionFailed");
    const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
    const about = { etag, ...object.headers };
    return from === undefined
      ? { status: 200, headers: about, body }
      : { status: 206, headers: about, body: body.subarray(Number(from), last ? Number(last) + 1 : undefined) };
  };

  const serve = ({ method, key, query, headers }: Asked, body: Buffer): Served => {
    const id = query.get("uploadId");
    if (key === "") {
      if (query.has("uploads")) {
        const begun = [...uploads].map(
          ([uploadId, upload]) =>
            `<Upload><Key>${upload.key}</Key><UploadId>${uploadId}</UploadId><Initiated>${upload.initiated.toISOString()}</Initiated></Upload>`,
        );
        return { status: 200, body: `<ListMultipartUploadsResult>${begun.join("")}</ListMultipartUploadsResult>` };
      }
      return { status: 200, body: list(query) };
    }
    if (method === "POST" && query.has("uploads")) {
      const uploadId = randomUUID();
      uploads.set(uploadId, { key, parts: new Map(), headers: kept(headers), initiated: new Date() });
      return { status: 200, body: `<R><UploadId>${uploadId}</UploadId></R>` };
    }
    if (method === "POST" && id !== null) {
      mayCreate(key, headers);
      return { status: 200, body: complete(key, id, body) };
    }
    if (method === "PUT" && id !== null) {
      const upload = uploads.get(id);
      if (upload === undefined) throw new S3Error(404, "NoSuchUpload");
      upload.parts.set(Number(query.get("partNumber")), body);
      return { status: 200, headers: { etag: `"${digest("md5", body)}"` } };
    }
    if (method === "PUT") {
      mayCreate(key, headers);
      objects.set(key, { body, etag: `"${digest("md5", body)}"`, headers: kept(headers) });
      return { status: 200 };
    }
    if (method === "DELETE") {
      if (id !== null) uploads.delete(id);
      else objects.delete(key);
      return { status: 204 };
    }
    return get(key, headers);
  };

  const answer = (response: ServerResponse, { status, headers = {}, body = "" }: Served, torn: number | null): void => {
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    if (torn === null || response.req.method === "HEAD") response.end(body);
    else response.write(Buffer.from(body).subarray(0, torn), () => response.destroy());
  };

  const refusal = (status: number, code: string, more = ""): Served => ({
    status,
    body: `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>of the stub</Message>${more}</Error>`,
  });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, "http://stub");
    const [, bucket, ...rest] = url.pathname.split("/");
    const ask: Asked = {
      ...{ method: request.method!, key: rest.join("/"), query: url.searchParams, headers: request.headers },
    };
    asked.push(ask);
    const body = await buffer(request);
    const fault = stub.fault(ask);
    if (fault?.kind === "cut") return void request.socket.destroy();
    if (fault?.kind === "hang") return;
    if (fault?.kind === "refuse") {
      const { status, code, headers, more } = fault;
      return answer(response, { ...refusal(status, code, more), ...(headers === undefined ? {} : { headers }) }, null);
    }
    if (fault?.kind === "flip" && body.length > 0) body[body.length >> 1]! ^= 1;
    try {
      checkSignature(request, body, region);
      if (bucket !== stubBucket) throw new S3Error(404, "NoSuchBucket");
      const served = serve(ask, body);
      if (fault?.kind === "unanswered") return answer(response, refusal(500, "InternalError"), null);
      answer(response, served, fault?.kind === "torn" ? fault.bytes : null);
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      answer(response, refusal(error.status, error.code, `<Region>${region}</Region>`), null);
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy()); // a client that left in the middle of its body
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const stub: S3Stub = {
    ...{ endpoint: `http://${host}:${(server.address() as AddressInfo).port}`, asked, objects, uploads },
    fault: () => null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return stub;
};
