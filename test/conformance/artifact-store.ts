import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";

export interface StoreUnderTest {
  store: ArtifactStore;
  close(): Promise<void>;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What every artifact store does. */
export const artifactStoreSuite = (name: string, open: () => Promise<StoreUnderTest>): void => {
  describe(`artifact store: ${name}`, () => {
    let opened: StoreUnderTest;
    let store: ArtifactStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    it("returns the bytes of a range, and no others", async () => {
      await store.write("acme/file", text("0123456789"));
      for (const [start, end] of [
        [0, 1],
        [3, 7],
        [9, 10],
        [0, 10],
      ] as const) {
        const piece = await buffer(await store.read("acme/file", { start, end }));
        expect(piece.toString()).toBe("0123456789".slice(start, end));
      }
    });

    it("opens a file whose bytes can be read by place, in any order and again; fewer come only at its end", async () => {
      await store.write("acme/datasets/ds_1/data.images", text("0123456789"));
      const file = await store.openFile("acme/datasets/ds_1/data.images");
      for (const [start, bytes, expected] of [
        [7, 2, "78"],
        [0, 10, "0123456789"],
        [7, 2, "78"],
        [8, 5, "89"],
        [3, 0, ""],
      ] as const) {
        const into = Buffer.alloc(bytes);
        const count = await file.read(into, start);
        expect(into.toString("latin1", 0, count)).toBe(expected);
      }
      await file.close();
      await expect(store.openFile("acme/absent")).rejects.toMatchObject({ code: "not_found" });
    });

    it("returns what was written, whatever the chunks, with its size and SHA-256", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 8 }), async (chunks) => {
          const whole = Buffer.concat(chunks);
          const written = await store.write("t/datasets/ds_1/data.csv", Readable.from(chunks));
          expect(written).toEqual({ bytes: whole.byteLength, sha256: sha256(whole) });
          expect(Buffer.from(await store.readBytes("t/datasets/ds_1/data.csv"))).toEqual(whole);
          expect(await buffer(await store.read("t/datasets/ds_1/data.csv"))).toEqual(whole);
        }),
        { numRuns: 20 },
      );
    });

    it("replaces a file as a whole: readers of the old one finish it", async () => {
      await store.write("t/a", text("old".repeat(100_000)));
      const reader = await store.read("t/a");
      await store.write("t/a", text("new"));
      expect((await buffer(reader)).toString()).toBe("old".repeat(100_000));
      expect(Buffer.from(await store.readBytes("t/a")).toString()).toBe("new");
    });

    it("names the tenants that have anything stored, and sweeps without touching what is published", async () => {
      expect(await store.tenants()).toEqual([]);
      for (const tenant of ["acme", "other"]) await store.write(`${tenant}/a`, text("x"));
      expect((await store.tenants()).sort()).toEqual(["acme", "other"]);
      expect(await store.sweepTemporary()).toBe(0);
      expect(Buffer.from(await store.readBytes("acme/a")).toString()).toBe("x");
    });

    it("publishes nothing until the last byte, and leaves nothing of a body that breaks", async () => {
      const body = new Readable({ read: () => undefined });
      const writing = store.write("t/a", body);
      body.push("half");
      expect(await store.exists("t/a")).toBe(false);
      body.destroy(new Error("the client went away"));
      await expect(writing).rejects.toThrow("the client went away");
      expect(await store.exists("t/a")).toBe(false);
      expect(await store.list("t/")).toEqual([]);
      expect(await store.usedBytes("t/")).toBe(0);
    });

    it("does not take the breaking off of a connection for its own failure", async () => {
      const gone = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
      const body = new Readable({ read: () => undefined });
      body.push("half a file");
      const writing = store.write("t/a", body).catch((error: unknown) => error);
      body.destroy(gone);
      expect(await writing).toBe(gone);
    });

    it("refuses a body over the limit and keeps the old file", async () => {
      await store.write("t/a", text("old"));
      const writing = store.write("t/a", Readable.from([text("12345"), text("6")]), { limitBytes: 5 });
      await expect(writing).rejects.toMatchObject({ code: "too_large" });
      expect(Buffer.from(await store.readBytes("t/a")).toString()).toBe("old");
      await store.write("t/a", text("12345"), { limitBytes: 5 });
      await expect(store.readBytes("t/a", { limitBytes: 4 })).rejects.toMatchObject({ code: "too_large" });
    });

    it("creates what is not there yet and, asked to, replaces nothing", async () => {
      const write = (body: Uint8Array) => store.write("t/new/a", body, { ifAbsent: true });
      expect(await write(text("first"))).toEqual({ bytes: 5, sha256: sha256(text("first")) });
      await expect(write(text("second"))).rejects.toMatchObject({ code: "in_use" });
      await expect(write(Buffer.alloc(6 * 1024 ** 2))).rejects.toMatchObject({ code: "in_use" });
      expect(Buffer.from(await store.readBytes("t/new/a")).toString()).toBe("first");
      expect(await store.list("t/")).toEqual(["t/new/a"]);
    });

    it("takes large files in pieces, whole or not at all", async () => {
      const megabyte = Buffer.alloc(1024 ** 2, "x");
      const large = (chunks: number) => Readable.from(Array.from({ length: chunks }, () => megabyte));
      for (const chunks of [5, 11]) {
        const written = await store.write("t/large", large(chunks));
        expect(written).toEqual({ bytes: chunks * 1024 ** 2, sha256: sha256(Buffer.alloc(chunks * 1024 ** 2, "x")) });
        expect((await buffer(await store.read("t/large"))).equals(Buffer.alloc(chunks * 1024 ** 2, "x"))).toBe(true);
      }
      await expect(store.write("t/other", large(12), { limitBytes: 11.5 * 1024 ** 2 })).rejects.toMatchObject({
        code: "too_large",
      });
      expect(await store.list("t/")).toEqual(["t/large"]);
    });

    it("answers not_found for what is absent, and for a folder", async () => {
      await store.write("t/models/m/weights", text("w"));
      await expect(store.read("t/none")).rejects.toMatchObject({ code: "not_found" });
      await expect(store.readBytes("t/models/m")).rejects.toMatchObject({ code: "not_found" });
      expect(await store.exists("t/none")).toBe(false);
      expect(await store.exists("t/models/m")).toBe(false);
      expect(await store.exists("t/models/m/weights/deeper")).toBe(false);
    });

    it("lists keys below a prefix in order, and no neighbour's", async () => {
      for (const key of ["t/b/2", "t/b/10", "t/b/a/z", "t/b2/x", "u/b/1"]) await store.write(key, text(key));
      expect(await store.list("t/b/")).toEqual(["t/b/10", "t/b/2", "t/b/a/z"]);
      expect(await store.list("t/none/")).toEqual([]);
      expect(await store.usedBytes("t/")).toBe("t/b/2t/b/10t/b/a/zt/b2/x".length);
    });

    it("removes one key, or all below a prefix; absent is not an error", async () => {
      for (const key of ["t/b/1", "t/b/2", "t/c/1"]) await store.write(key, text(key));
      await store.remove("t/b/1");
      await store.remove("t/b/1");
      expect(await store.list("t/")).toEqual(["t/b/2", "t/c/1"]);
      await store.remove("t/b/");
      await store.remove("t/b/");
      expect(await store.list("t/")).toEqual(["t/c/1"]);
      await store.write("t/b/1", text("again"));
      expect(await store.exists("t/b/1")).toBe(true);
    });

    it("writes the same key from many writers at once: one of them whole", async () => {
      const bodies = Array.from({ length: 8 }, (_, index) => text(String(index).repeat(200_000)));
      await Promise.all(bodies.map((body) => store.write("t/deep/er/key", body)));
      const read = Buffer.from(await store.readBytes("t/deep/er/key")).toString();
      expect(bodies.map((body) => Buffer.from(body).toString())).toContain(read);
    });

    it.each([
      "../t/a",
      "t/../../etc/passwd",
      "t/./a",
      "/etc/passwd",
      "t//a",
      "t",
      "",
      "t/a\0b",
      "t/..",
      "t\\..\\a/b",
      "t/a b",
      "t/ä",
      ".tmp/x",
      "t/.hidden",
      `t/${"x".repeat(600)}`,
    ])("refuses the key %j in every operation", async (key) => {
      const refused = { code: "not_found" };
      await expect(Promise.resolve().then(() => store.write(key, text("x")))).rejects.toMatchObject(refused);
      await expect(Promise.resolve().then(() => store.read(key))).rejects.toMatchObject(refused);
      await expect(Promise.resolve().then(() => store.exists(key))).rejects.toMatchObject(refused);
      await expect(Promise.resolve().then(() => store.remove(key))).rejects.toMatchObject(refused);
      const prefix = key === "t" ? "../" : `${key}/`;
      await expect(Promise.resolve().then(() => store.list(prefix))).rejects.toMatchObject(refused);
      await expect(Promise.resolve().then(() => store.remove(prefix))).rejects.toMatchObject(refused);
    });

    it("proves that it can be written", async () => {
      await store.probe();
      expect(await store.list("t/")).toEqual([]);
    });
  });
};
