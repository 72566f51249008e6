import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { createId } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { encodeManifest } from "../../src/store/artifacts/manifest-file.ts";
import { createRedisCatalogue } from "../../src/store/redis/redis-catalogue.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { redisKeys } from "../../src/store/redis/redis-keys.ts";
import { createRedisStudyStore } from "../../src/store/redis/studies/redis-study-store.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { body, createClient } from "../rest/client.ts";
import { startTestService, type TestService } from "./service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
const { call, post, upload } = createClient(() => service.url);

/** A record as large as one may be. */
const largeDataset = (): Dataset => ({
  ...{
    id: createId("ds", Date.now()),
    name: "large",
    format: "csv",
    bytes: 1,
    sha256: "0",
    rows: 1,
    delimiter: ",",
    decimal: ".",
  },
  columns: Array.from({ length: 10_000 }, (_, i) => ({
    ...{ name: `column ${i} ${"x".repeat(100)}`, type: "number", missing: 0, distinct: null },
  })),
  createdAt: new Date().toISOString(),
});

describe("records of any size", () => {
  it("are listed in pages that end by their bytes, each with one at least, and none is left out", async () => {
    const made = Array.from({ length: 8 }, largeDataset);
    for (const dataset of made) await service.deps.catalogue.addDataset("default", dataset);
    const seen: string[] = [];
    for (let token = ""; ; ) {
      const page = await body(call(`/v1/datasets?pageSize=100${token}`));
      expect(page.items.length).toBeGreaterThanOrEqual(1);
      expect(JSON.stringify(page).length).toBeLessThan(2 * limits.pageBytes);
      for (const { id } of page.items) seen.push(id);
      if (page.nextPageToken === null) break;
      token = `&pageToken=${page.nextPageToken}`;
    }
    expect(seen.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
    for (const { id } of made) await service.deps.catalogue.removeDataset("default", id);
  });

  it("are refused where a request would make them larger: labels and frozen layers have a number", async () => {
    const dataset = await upload();
    const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
    const labels = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "v"]));
    const refused = await post("/v1/jobs", { ...spec, labels });
    expect(refused.status).toBe(422);
    expect((await body(refused)).errors).toEqual([{ pointer: "/labels", detail: "must have at most 64 entries" }]);
    const freeze = Array.from({ length: 1001 }, (_, i) => `hidden.${i}`);
    const base = { model: "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV", freeze };
    expect((await body(post("/v1/jobs", { ...spec, base }))).errors[0].pointer).toBe("/base/freeze");
  });

  it("of a data set's rows are shown as many as a preview has room for", async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `column_${i}`);
    const row = names.map(() => "1").join(",");
    const csv = `${names.join(",")}\n${Array.from({ length: 100 }, () => row).join("\n")}\n`;
    const made = await call("/v1/datasets", { method: "POST", body: csv, headers: { "content-type": "text/csv" } });
    const { id } = await body(made);
    const text = await (await call(`/v1/datasets/${id}/rows?limit=1000`)).text();
    expect(text.length).toBeLessThan(2 * limits.previewBytes);
    expect(JSON.parse(text).rows.length).toBeGreaterThan(3);
  });
});

describe("one record that cannot be read", () => {
  it("is left out of lists and told of; the others are there", async () => {
    const redis = createProducerConnection(service.redis.url, () => {});
    await waitForRedis(redis, 5000);
    const warnings: object[] = [];
    const log = { info: () => {}, error: () => {}, warn: (fields: object) => void warnings.push(fields) };
    const catalogue = createRedisCatalogue({ redis }, log);
    const [sound, broken] = [largeDataset(), largeDataset()];
    await catalogue.addDataset("torn", sound);
    await catalogue.addDataset("torn", broken);
    await redis.set(`${redisKeys.datasetPrefix("torn")}:${broken.id}`, '{"id":');
    const { items } = await catalogue.datasets("torn", { pageSize: 10, pageToken: null });
    expect(items.map(({ id }) => id)).toEqual([sound.id]);
    expect(warnings).toEqual([expect.objectContaining({ id: broken.id })]);
    redis.disconnect();
  });

  it("is left out of a list of studies too", async () => {
    const redis = createProducerConnection(service.redis.url, () => {});
    await waitForRedis(redis, 5000);
    const warnings: object[] = [];
    const log = { info: () => {}, error: () => {}, warn: (fields: object) => void warnings.push(fields) };
    const studies = createRedisStudyStore({ redis, subscriber: redis }, log);
    const [sound, broken] = [createId("std", Date.now()), createId("std", Date.now())];
    for (const id of [sound, broken]) {
      await redis.hset(
        `${redisKeys.studyPrefix("torn")}:${id}`,
        "study",
        id === sound ? JSON.stringify({ id }) : '{"id":',
      );
      await redis.zadd(redisKeys.studyIndex("torn"), 0, id);
    }
    const { items } = await studies.list("torn", { pageSize: 10, pageToken: null });
    expect(items.map(({ id }) => id)).toEqual([sound]);
    expect(warnings).toEqual([expect.objectContaining({ id: broken })]);
    redis.disconnect();
  });

  it("is one line of a reindex, whatever is wrong with it, and the others of all tenants are recorded again", async () => {
    const { artifacts } = service.deps;
    const write = (tenant: string, id: string, content: string | Uint8Array) =>
      artifacts.write(artifactKeys.datasetManifest(tenant, id), Buffer.from(content));
    const sound = largeDataset();
    const ids = Array.from({ length: 5 }, () => createId("ds", Date.now()));
    const [torn, huge, foreign, flipped, former] = ids as [string, string, string, string, string];
    await write("aaa", torn, '{"id":');
    await write("aaa", huge, new Uint8Array(65 * 1024 ** 2));
    await write("aaa", foreign, '{"id":"something else"}');
    // One bit of what it says of the file's length, and one of an earlier version, that does not tell its own digest.
    const manifest = encodeManifest({ ...sound, id: flipped, bytes: 4096 });
    manifest[manifest.indexOf("4096")] = "5".charCodeAt(0);
    await write("aaa", flipped, manifest);
    await write("aaa", former, JSON.stringify({ ...sound, id: former }));
    await write("zzz", sound.id, encodeManifest(sound));
    const result = await reindex(service.deps);
    const expected = [torn, huge, foreign, flipped].map((id) => artifactKeys.datasetManifest("aaa", id));
    expect(result.unreadable.toSorted()).toEqual(expected.toSorted());
    expect(await service.deps.catalogue.dataset("zzz", sound.id)).toEqual(sound);
    expect(await service.deps.catalogue.dataset("aaa", former)).toEqual({ ...sound, id: former });
  });
});
