import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Caller } from "../../src/usecases/admission/caller.ts";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { importModel } from "../../src/usecases/models/import-model.ts";
import { buildZip } from "../formats/archives/build-archives.ts";
import { tinyNetwork } from "../formats/onnx/tiny-network.ts";
import { startTestService, type TestService } from "./service.ts";

const parquet = readFileSync(new URL("../data/parquet/strings.parquet", import.meta.url));

/** What happens when an upload's file is read back, or is over: the moments at which a sender may go. */
let onRead: () => void | Promise<void> = () => {};
let onEnd: () => void = () => {};

const watched = (deps: Deps): Deps => ({
  ...deps,
  quotas: { ...deps.quotas, storedBytes: 1e9 },
  artifacts: {
    ...deps.artifacts,
    read: async (key, range) => {
      if (/upload$/.test(key)) await onRead();
      return deps.artifacts.read(key, range);
    },
  },
  readParquet: async (read, bytes) => {
    const table = await deps.readParquet(read, bytes);
    await onRead();
    return table;
  },
  engine: {
    ...deps.engine,
    importNetwork: async (party, question) => {
      const read = await deps.engine.importNetwork(party, question);
      await onRead();
      return read;
    },
  },
  reservations: {
    ...deps.reservations,
    release: async (tenant, upload) => {
      await deps.reservations.release(tenant, upload);
      onEnd();
    },
  },
});

let service: TestService;
let archive: Buffer;
beforeAll(async () => {
  service = await startTestService({ deps: watched });
  const create = { width: 4, height: 4, channels: 3 as const, background: "red" };
  const content = await sharp({ create }).png().toBuffer();
  archive = buildZip(["a/1.png", "a/2.png", "b/1.png"].map((path) => ({ path, content })));
});
afterAll(() => service.close());
beforeEach(() => {
  onRead = () => {};
  onEnd = () => {};
});

const caller: Caller = { tenant: "default", key: null } as unknown as Caller;
const stored = async (): Promise<unknown[]> => {
  const { artifacts, catalogue } = service.deps;
  const page = { pageSize: 10, pageToken: undefined } as never;
  return [
    ...(await artifacts.list("default/")),
    ...(await catalogue.datasets("default", page)).items,
    ...(await catalogue.models("default", page)).items,
  ];
};

type Send = (body: Readable, gone: AbortSignal) => Promise<unknown>;
const dataset =
  (format: "parquet" | "ndjson" | "images" | undefined): Send =>
  (body, gone) =>
    uploadDataset(service.deps, caller, { body, gone, format });
const kinds: [string, () => Uint8Array, Send][] = [
  ["CSV", () => Buffer.from("a,b\n1,2\n3,4\n"), dataset(undefined)],
  ["JSON Lines", () => Buffer.from('{"a":1}\n{"a":2}\n'), dataset("ndjson")],
  ["Parquet", () => parquet, dataset("parquet")],
  ["images", () => archive, dataset("images")],
  ["a network", tinyNetwork, (body, gone) => importModel(service.deps, caller, { body, gone, format: "onnx" })],
];

describe("what the sender has given up is not stored", () => {
  test.each(kinds)("%s, when the last byte has come", async (_name, content, send) => {
    const gone = new AbortController();
    const body = async function* () {
      yield content();
      gone.abort();
    };
    await expect(send(Readable.from(body(), { objectMode: false }), gone.signal)).rejects.toThrow(
      /ended before the whole/,
    );
    expect(await stored()).toEqual([]);
  });

  test.each(kinds.slice(1))("%s, while it is being read", async (_name, content, send) => {
    const gone = new AbortController();
    onRead = () => gone.abort();
    await expect(send(Readable.from([content()]), gone.signal)).rejects.toThrow(/ended before the whole/);
    expect(await stored()).toEqual([]);
  });

  test("over HTTP too: a client that leaves once all of its file has been sent", async () => {
    const sockets: Socket[] = [];
    service.rest.server.on("connection", (socket) => sockets.push(socket));
    const leaving = new AbortController();
    const ended = new Promise<void>((resolve) => {
      onEnd = resolve;
    });
    onRead = async () => {
      onRead = () => {};
      const closed = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
      leaving.abort();
      await closed;
    };
    const headers = { "content-type": "application/vnd.apache.parquet", connection: "close" };
    const sent = { method: "POST", headers, body: parquet, signal: leaving.signal };
    await expect(fetch(`${service.url}/v1/datasets`, sent)).rejects.toThrow(/abort/);
    await ended;
    expect(await stored()).toEqual([]);
  });
});
