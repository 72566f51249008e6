import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { cacheArtifacts } from "../../src/store/artifacts/cached-artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { artifactStoreSuite } from "./artifact-store.ts";

const openFolder = () => mkdtemp(join(tmpdir(), "descent-cache-"));

artifactStoreSuite("files, with a cache", async () => {
  const folder = await openFolder();
  const store = await createFileArtifactStore(join(folder, "store"));
  return {
    store: await cacheArtifacts(store, { folder: join(folder, "cache"), limitBytes: 1e9 }),
    close: () => rm(folder, { recursive: true }),
  };
});

describe("a trainer's cache", () => {
  let folder = "";
  let asked: string[];
  let remote: ArtifactStore;
  beforeEach(async () => {
    folder = await openFolder();
    asked = [];
    const store = await createFileArtifactStore(join(folder, "store"));
    remote = {
      ...store,
      read: (key) => {
        asked.push(key);
        return store.read(key);
      },
      readBytes: (key, options) => {
        asked.push(key);
        return store.readBytes(key, options);
      },
    };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const cacheFolder = () => join(folder, "cache");
  const open = (limitBytes = 1e6): Promise<ArtifactStore> =>
    cacheArtifacts(remote, { folder: cacheFolder(), limitBytes });
  const dataKey = (n: number): string => `t/datasets/ds_${n}/data.csv`;
  const write = (n: number, bytes = 1000) => remote.write(dataKey(n), Buffer.alloc(bytes, `${n}`));
  const kept = async (): Promise<string[]> => (await readdir(cacheFolder())).filter((name) => !name.startsWith("."));

  it("asks the store once, for a stream and for bytes, also after it was opened again", async () => {
    await write(1);
    const first = await open();
    expect((await buffer(await first.read(dataKey(1)))).length).toBe(1000);
    const second = await open();
    expect(Buffer.from(await second.readBytes(dataKey(1)))).toEqual(Buffer.alloc(1000, "1"));
    expect(asked).toEqual([dataKey(1)]);
  });

  it("keeps no manifests and no checkpoints, which change", async () => {
    const key = "t/datasets/ds_1/manifest.json";
    await remote.write(key, Buffer.from("1"));
    const store = await open();
    await store.readBytes(key);
    await remote.write(key, Buffer.from("2"));
    expect(Buffer.from(await store.readBytes(key)).toString()).toBe("2");
    expect(await kept()).toEqual([]);
  });

  it("knows which of many files read within a millisecond was read first", async () => {
    for (let n = 1; n <= 9; n++) await write(n, 10);
    for (let round = 0; round < 20; round++) {
      await rm(cacheFolder(), { recursive: true, force: true });
      const store = await open(80);
      for (let n = 1; n <= 8; n++) await store.readBytes(dataKey(n));
      const order = Array.from({ length: 8 }, (_, n) => 1 + ((n + round) % 8));
      for (const n of order) await store.readBytes(dataKey(n));
      await store.readBytes(dataKey(9));
      asked.length = 0;
      for (const n of [...order.slice(1), 9]) await store.readBytes(dataKey(n));
      expect(asked, `round ${round}`).toEqual([]);
    }
  });

  it("stays within its bytes: what was not read for the longest time goes, and what is too large is not kept", async () => {
    for (let n = 1; n <= 4; n++) await write(n);
    await write(5, 5000);
    const store = await open(3500);
    const sizes = async () =>
      (await Promise.all((await kept()).map((name) => stat(join(cacheFolder(), name))))).map(({ size }) => size);
    for (const n of [1, 2, 3, 1, 4, 5]) await store.readBytes(dataKey(n));
    expect(await sizes()).toEqual([1000, 1000, 1000]);
    asked.length = 0;
    for (const n of [1, 3, 4]) await store.readBytes(dataKey(n));
    expect(asked).toEqual([]);
    await store.readBytes(dataKey(2));
    expect(asked).toEqual([dataKey(2)]);
  });

  it("tells a file that its own disk changed, once, and fetches it again", async () => {
    await write(1);
    const store = await open();
    await store.readBytes(dataKey(1));
    const [name] = await kept();
    await writeFile(join(cacheFolder(), name!), Buffer.alloc(1000, "x"));
    await expect(store.read(dataKey(1)).then(buffer)).rejects.toMatchObject({ code: "unavailable" });
    expect(Buffer.from(await store.readBytes(dataKey(1)))).toEqual(Buffer.alloc(1000, "1"));
  });

  it("is none where its folder cannot be made", async () => {
    await write(1);
    await writeFile(cacheFolder(), "a file");
    const store = await open();
    expect((await store.readBytes(dataKey(1))).length).toBe(1000);
    await expect(store.readBytes(dataKey(2))).rejects.toMatchObject({ code: "not_found" });
  });
});
