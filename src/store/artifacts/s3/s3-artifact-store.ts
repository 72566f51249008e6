import { Readable } from "node:stream";
import { assert, ServiceError } from "../../../domain/errors.ts";
import { parseKey, parsePrefix } from "../artifact-key.ts";
import type { ArtifactStore } from "../artifact-store.ts";
import type { S3Client } from "./s3-client.ts";
import { absent } from "./s3-error.ts";
import { listFolders, listObjects, listUploads } from "./s3-list.ts";
import { openObject } from "./s3-read.ts";
import { writeObject } from "./s3-write.ts";

/** Its first segment is no tenant's, as tenants' do not begin with a dot. */
const PROBE = ".descent/probe";
/** No upload lasts so long. */
const ABANDONED_MS = 86_400_000;
const IDLE_MS = 30_000;
/** A success is remembered for so long: an API asks every two seconds, and each request is paid for. */
const PROBED_MS = 10_000;
const REMOVALS_AT_ONCE = 8;

const checkedKey = (key: string): string => parseKey(key).join("/");
const checkedPrefix = (prefix: string): string => `${parsePrefix(prefix).join("/")}/`;

const tooLarge = (limitBytes: number): ServiceError =>
  new ServiceError("too_large", `larger than the limit of ${limitBytes} bytes`);

const readWhole = async (client: S3Client, key: string, limitBytes: number, idleMs: number): Promise<Uint8Array> => {
  const object = await openObject(client, key, idleMs);
  try {
    if (object.bytes > limitBytes) throw tooLarge(limitBytes);
    const bytes = new Uint8Array(object.bytes);
    let filled = 0;
    for await (const chunk of object.body) {
      bytes.set(chunk, filled);
      filled += chunk.byteLength;
    }
    assert(filled === object.bytes, "an object has the bytes that it is said to have");
    return bytes;
  } finally {
    await object.body.return();
  }
};

/** Fills `into` from `start` on; returns how many bytes there were. */
const readPart = async (
  client: S3Client,
  key: string,
  into: Uint8Array,
  start: number,
  idleMs: number,
): Promise<number> => {
  if (into.length === 0) return 0;
  const { body } = await openObject(client, key, idleMs, { start, end: start + into.length });
  let filled = 0;
  for await (const chunk of body) {
    into.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return filled;
};

/** Objects of a bucket, one per key. S3 is consistent after each write, and publishes an object as a whole; it is never used as a lock. */
export const createS3ArtifactStore = (
  client: S3Client,
  { idleMs = IDLE_MS, nowMs = Date.now }: { idleMs?: number; nowMs?: () => number } = {},
): ArtifactStore => {
  const remove = (key: string) => client.send({ method: "DELETE", key, accept: [404] });
  let probedMs: number | null = null;
  const exists = async (key: string): Promise<boolean> =>
    (await client.send({ method: "HEAD", key, accept: [404] })).status === 200;
  return {
    write: async (given, body, options = {}) => {
      const key = checkedKey(given);
      // Stores without conditional writes ignore the condition.
      if (options.ifAbsent === true && (await exists(key)))
        throw new ServiceError("in_use", "there is such an artifact already");
      return writeObject(client, key, body, options);
    },
    read: async (key, range) => {
      const { body } = await openObject(client, checkedKey(key), idleMs, range);
      return Readable.from(body, { objectMode: false });
    },
    readBytes: async (key, options) =>
      readWhole(client, checkedKey(key), options?.limitBytes ?? Number.POSITIVE_INFINITY, idleMs),
    openFile: async (given) => {
      const key = checkedKey(given);
      if (!(await exists(key))) throw absent();
      return { read: (into, start) => readPart(client, key, into, start, idleMs), close: async () => {} };
    },
    exists: async (key) => exists(checkedKey(key)),
    list: async (prefix) => {
      const keys: string[] = [];
      for await (const { key } of listObjects(client, checkedPrefix(prefix))) keys.push(key);
      return keys.sort();
    },
    remove: async (keyOrPrefix) => {
      if (!keyOrPrefix.endsWith("/")) return void (await remove(checkedKey(keyOrPrefix)));
      let underWay: Promise<unknown>[] = [];
      for await (const { key } of listObjects(client, checkedPrefix(keyOrPrefix))) {
        underWay.push(remove(key));
        if (underWay.length < REMOVALS_AT_ONCE) continue;
        await Promise.all(underWay);
        underWay = [];
      }
      await Promise.all(underWay);
    },
    usedBytes: async (prefix) => {
      let used = 0;
      for await (const { bytes } of listObjects(client, checkedPrefix(prefix))) used += bytes;
      return used;
    },
    tenants: async () => (await listFolders(client)).filter((name) => name !== "" && !name.startsWith(".")),
    sweepTemporary: async () => {
      let swept = 0;
      for await (const { key, uploadId, begunMs } of listUploads(client)) {
        if (!(nowMs() - begunMs > ABANDONED_MS)) continue;
        await client.send({ method: "DELETE", key, query: { uploadId }, accept: [404] });
        swept += 1;
      }
      return swept;
    },
    probe: async () => {
      if (probedMs !== null && Math.abs(nowMs() - probedMs) < PROBED_MS) return;
      await client.send({ method: "PUT", key: PROBE, body: Buffer.from("probe") });
      await client.send({ method: "GET", key: PROBE });
      probedMs = nowMs();
    },
  };
};
