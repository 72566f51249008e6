import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { BinaryReader } from "@bufbuild/protobuf/wire";

/** A receiver of OTLP over HTTP: reads what is sent by the published schema's field numbers (opentelemetry-proto 1.7, trace.proto and metrics.proto). */

type Attributes = Record<string, string | number | boolean>;

export interface SeenSpan {
  resource: Attributes;
  traceId: string;
  spanId: string;
  parentId: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  events: { name: string; attributes: Attributes }[];
  links: { traceId: string; spanId: string }[];
  /** 0 unset, 1 ok, 2 error. */
  status: { code: number; message: string };
}

export interface SeenMetric {
  resource: Attributes;
  name: string;
  kind: "gauge" | "sum" | "histogram";
  points: { attributes: Attributes; value: number; buckets: number[]; bounds: number[] }[];
}

type Fields = Map<number, (Uint8Array | number)[]>;

/** The fields of a message: bytes for what has a length, numbers for the rest; fixed64 as its float64's eight bytes. */
const fieldsOf = (bytes: Uint8Array): Fields => {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value = type === 2 ? reader.bytes() : type === 0 ? Number(reader.int64()) : fixed(reader, bytes, type);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
};

const fixed = (reader: BinaryReader, bytes: Uint8Array, type: number): Uint8Array | number => {
  if (type === 5) return reader.fixed32();
  const start = reader.pos;
  reader.fixed64();
  return bytes.subarray(start, reader.pos);
};

const messages = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).map((value) => fieldsOf(value as Uint8Array));
const bytesOf = (fields: Fields, field: number): Uint8Array =>
  (fields.get(field)?.[0] as Uint8Array) ?? new Uint8Array();
const textOf = (fields: Fields, field: number): string => new TextDecoder().decode(bytesOf(fields, field));
const hexOf = (fields: Fields, field: number): string => Buffer.from(bytesOf(fields, field)).toString("hex");
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const double = (bytes: Uint8Array): number => (bytes.length === 0 ? 0 : view(bytes).getFloat64(0, true));
const whole = (bytes: Uint8Array): number => (bytes.length === 0 ? 0 : Number(view(bytes).getBigUint64(0, true)));
const packed = (bytes: Uint8Array, read: (eight: Uint8Array) => number): number[] =>
  Array.from({ length: bytes.length / 8 }, (_, i) => read(bytes.subarray(8 * i, 8 * i + 8)));

const anyValueOf = (value: Fields): string | number | boolean => {
  if (value.has(2)) return value.get(2)?.[0] === 1;
  if (value.has(3)) return value.get(3)?.[0] as number;
  return value.has(4) ? double(bytesOf(value, 4)) : textOf(value, 1);
};
const attributesOf = (fields: Fields, field: number): Attributes =>
  Object.fromEntries(messages(fields, field).map((pair) => [textOf(pair, 1), anyValueOf(messages(pair, 2)[0]!)]));

const spanOf = (span: Fields, resource: Attributes): SeenSpan => {
  const [status = new Map()] = messages(span, 15);
  return {
    resource,
    traceId: hexOf(span, 1),
    spanId: hexOf(span, 2),
    parentId: hexOf(span, 4),
    name: textOf(span, 5),
    kind: Number(span.get(6)?.[0] ?? 0),
    startMs: whole(bytesOf(span, 7)) / 1e6,
    endMs: whole(bytesOf(span, 8)) / 1e6,
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map((event) => ({ name: textOf(event, 2), attributes: attributesOf(event, 3) })),
    links: messages(span, 13).map((link) => ({ traceId: hexOf(link, 1), spanId: hexOf(link, 2) })),
    status: { code: Number(status.get(3)?.[0] ?? 0), message: textOf(status, 2) },
  };
};

const kinds = { 5: "gauge", 7: "sum", 9: "histogram" } as const;

const metricOf = (metric: Fields, resource: Attributes): SeenMetric => {
  const field = ([5, 7, 9] as const).find((one) => metric.has(one))!;
  const points = messages(messages(metric, field)[0]!, 1).map((point) => {
    const isHistogram = field === 9;
    return {
      attributes: attributesOf(point, isHistogram ? 9 : 7),
      value: isHistogram ? whole(bytesOf(point, 4)) : double(bytesOf(point, 4)),
      buckets: isHistogram ? packed(bytesOf(point, 6), whole) : [],
      bounds: isHistogram ? packed(bytesOf(point, 7), double) : [],
    };
  });
  return { resource, name: textOf(metric, 1), kind: kinds[field], points };
};

/** Both requests: resource (1) { resource (1), scopes (2) { items (2) } }. */
const readExport = <T>(body: Uint8Array, read: (item: Fields, resource: Attributes) => T): T[] =>
  messages(fieldsOf(body), 1).flatMap((group) => {
    const resource = attributesOf(messages(group, 1)[0] ?? new Map(), 1);
    return messages(group, 2).flatMap((scope) => messages(scope, 2).map((item) => read(item, resource)));
  });

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
};

export const startCollector = async () => {
  const spans: SeenSpan[] = [];
  const metrics: SeenMetric[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const listeners = new Set<() => void>();
  let away = false;
  let refusals = 0;
  const server = createServer((request, response) => {
    if (away) {
      refusals += 1;
      request.resume();
      response.writeHead(500).end();
      for (const listener of listeners) listener();
      return;
    }
    void bodyOf(request).then((body) => {
      headers.push(request.headers);
      if (request.url?.endsWith("/v1/traces")) spans.push(...readExport(body, spanOf));
      else metrics.push(...readExport(body, metricOf));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      for (const listener of listeners) listener();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  /** Resolves when what has come, or will, fits. */
  const until = <T>(look: () => T | null | undefined | false): Promise<T> =>
    new Promise((resolve) => {
      const listener = (): void => {
        const found = look();
        if (found === null || found === undefined || found === false) return;
        listeners.delete(listener);
        resolve(found);
      };
      listeners.add(listener);
      listener();
    });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ spans, metrics, headers, until },
    refusals: () => refusals,
    /** Refuses everything from now on, in a way that is not tried again, or takes what comes again. */
    goAway: (gone: boolean) => {
      away = gone;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** The names below a span, as a tree: `["a", ["b", …]]`, in order of their beginnings. */
export type Tree = [name: string, ...children: Tree[]];

export const treeOf = (spans: readonly SeenSpan[], root: SeenSpan): Tree => [
  root.name,
  ...spans
    .filter(({ traceId, parentId }) => traceId === root.traceId && parentId === root.spanId)
    .sort((a, b) => a.startMs - b.startMs)
    .map((child) => treeOf(spans, child)),
];
