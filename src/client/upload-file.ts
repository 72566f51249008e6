import { noAnswer, toError } from "./errors.ts";
import { openFile } from "./open-file.ts";
import { type Query, type RequestOptions, type Transport, toQuery } from "./transport.ts";

/** A path (Node only), a file or its bytes, or a stream of them. */
export type FileSource =
  | string
  | URL
  | Blob
  | Uint8Array<ArrayBuffer>
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

export interface Progress {
  sentBytes: number;
  /** Null: the source does not say. */
  totalBytes: number | null;
}

export interface UploadOptions extends RequestOptions {
  onProgress?: (progress: Progress) => void;
  /** Left out: from the file's name, or `text/csv` for data sets and `application/onnx` for models. */
  contentType?: string;
}

const types: Readonly<Record<string, string>> = {
  ...{ csv: "text/csv", txt: "text/csv", zip: "application/zip", tar: "application/x-tar", tgz: "application/gzip" },
  ...{ zst: "text/csv", gz: "application/gzip", onnx: "application/onnx", safetensors: "application/vnd.safetensors" },
  ...{ jsonl: "application/x-ndjson", ndjson: "application/x-ndjson", parquet: "application/vnd.apache.parquet" },
};

export const nameOf = (source: FileSource): string | undefined => {
  if (typeof source === "string" || source instanceof URL) return String(source).split(/[\\/]/).at(-1);
  return (source as { name?: unknown }).name?.toString();
};

/** `iris.csv` and `iris.tar.gz` are called iris. */
export const titleOf = (source: FileSource): string | undefined => nameOf(source)?.replace(/(\.\w{1,11}){1,2}$/, "");

const typeOf = (source: FileSource, name: string | undefined, usual: string): string => {
  const known = types[name?.toLowerCase().split(".").at(-1) ?? ""];
  return known ?? (source instanceof Blob && source.type !== "" ? source.type : usual);
};

const isStream = (source: object): source is ReadableStream<Uint8Array> => "getReader" in source;

const readerOf = (source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>) => {
  if (isStream(source)) return source.getReader();
  const chunks = source[Symbol.asyncIterator]();
  return { read: () => chunks.next(), cancel: async (reason: unknown) => void (await chunks.return?.(reason)) };
};

/** @param onFailure told why the source broke off, which the failure of the request does not say */
const toStream = (
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> => {
  const reader = readerOf(source);
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await reader.read().catch((error: unknown) => {
        onFailure(error);
        throw error;
      });
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
};

const counted = (
  stream: ReadableStream<Uint8Array>,
  totalBytes: number | null,
  onProgress: (progress: Progress) => void,
): ReadableStream<Uint8Array> => {
  let sentBytes = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        sentBytes += chunk.length;
        onProgress({ sentBytes, totalBytes });
        controller.enqueue(chunk);
      },
    }),
  );
};

interface XhrLike {
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: Blob): void;
  abort(): void;
  upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  status: number;
  responseText: string;
}

const browserRequest = (): (new () => XhrLike) | undefined =>
  (globalThis as { XMLHttpRequest?: new () => XhrLike }).XMLHttpRequest;

/** In browsers fetch cannot tell how much has been sent. */
const sendByBrowser = <T>(
  Request: new () => XhrLike,
  { server, url, headers }: { server: string; url: string; headers: Record<string, string> },
  body: Blob,
  { onProgress, signal }: UploadOptions,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const request = new Request();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress?.({ sentBytes: loaded, totalBytes: total });
    request.onerror = () => reject(noAnswer(server, null));
    request.onabort = () => reject(signal?.reason);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(toError(request.status, request.responseText, (name) => request.getResponseHeader(name)));
    };
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    signal?.throwIfAborted();
    request.send(body);
  });

/** Sends a file as the body of a POST, streamed. Options beside its own go into the query. An upload is not repeated by itself: twice is two resources. A source that breaks off ends it with its own error. */
export const uploadFile = async <T>(
  transport: Transport,
  path: string,
  source: FileSource,
  { onProgress, contentType, signal, ...stated }: UploadOptions & { [option: string]: unknown },
  usualType = "text/csv",
): Promise<T> => {
  const query = stated as Query;
  const file = typeof source === "string" || source instanceof URL ? await openFile(source) : null;
  const whole = source instanceof Uint8Array ? new Blob([source]) : source instanceof Blob ? source : null;
  const headers = { "content-type": contentType ?? typeOf(source, nameOf(source), usualType) };
  const Request = browserRequest();
  if (whole !== null && onProgress !== undefined && Request !== undefined) {
    const all = { accept: "application/json", ...transport.headers(), ...headers };
    const url = `${transport.url}${path}${toQuery(query)}`;
    return sendByBrowser<T>(Request, { server: transport.url, url, headers: all }, whole, {
      ...{ onProgress },
      ...(signal === undefined ? {} : { signal }),
    });
  }
  let broken: { error: unknown } | null = null;
  const body = (): Blob | ReadableStream<Uint8Array> => {
    if (whole !== null && onProgress === undefined) return whole;
    const chunks = file?.chunks() ?? whole?.stream() ?? (source as AsyncIterable<Uint8Array>);
    const stream = toStream(chunks, (error) => {
      broken = { error };
    });
    return onProgress === undefined ? stream : counted(stream, file?.size ?? whole?.size ?? null, onProgress);
  };
  try {
    return await transport.json<T>(path, {
      ...{ method: "POST", query, headers, body, repeatable: false },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw (broken as { error: unknown } | null)?.error ?? error;
  }
};
