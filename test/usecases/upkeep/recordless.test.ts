import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../../src/store/artifacts/file-artifact-store.ts";
import { createRedisCatalogue } from "../../../src/store/redis/redis-catalogue.ts";
import { createProducerConnection, waitForRedis } from "../../../src/store/redis/redis-connection.ts";
import { tellLostRecords } from "../../../src/usecases/upkeep/recordless.ts";
import { type FragileRedis, startFragileRedis } from "../../conformance/redis-server.ts";
import { quiet } from "../redis.ts";

let server: FragileRedis;
let folder: string;
beforeAll(async () => {
  server = await startFragileRedis();
  folder = await mkdtemp(join(tmpdir(), "descent-recordless-"));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("lost records are told of at the start, and a Redis that does not answer in time does not end it", async () => {
  const artifacts = await createFileArtifactStore(folder);
  const manifest = `${artifactKeys.models("default")}mdl_01JD0000000000000000000000/manifest.json`;
  await artifacts.write(manifest, Buffer.from("{}"));
  const redis = createProducerConnection(server.url, () => {});
  await waitForRedis(redis, 10_000);
  const lines: string[] = [];
  const log = { ...quiet, warn: (_about: object, line: string) => void lines.push(line) };
  const look = () => tellLostRecords({ artifacts, catalogue: createRedisCatalogue({ redis }), log });
  await look();
  server.freeze();
  await look();
  server.thaw();
  redis.disconnect();
  expect(lines).toEqual([
    expect.stringMatching(/Redis knows of none/),
    "whether Redis has lost its records cannot be seen right now",
  ]);
});
