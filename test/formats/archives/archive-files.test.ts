import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { ArchiveFile, ArchiveLimits } from "../../../src/formats/archives/archive-file.ts";
import { archiveFiles } from "../../../src/formats/archives/archive-files.ts";
import { buildTar, buildZip, type Packed, reading, tarLink } from "./build-archives.ts";

const limits: ArchiveLimits = { entries: 100, entryBytes: 10_000, totalBytes: 50_000 };

const read = async (archive: Buffer, own: Partial<ArchiveLimits> = {}): Promise<ArchiveFile[]> => {
  const files: ArchiveFile[] = [];
  for await (const file of archiveFiles(reading(archive), archive.length, { ...limits, ...own })) files.push(file);
  return files;
};

const failure = async (archive: Buffer, own: Partial<ArchiveLimits> = {}): Promise<ServiceError> => {
  try {
    await read(archive, own);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("the archive was read");
};

const text = (content: string): Buffer => Buffer.from(content);
const kinds = {
  zip: buildZip,
  tar: buildTar,
  "tar.gz": (files: readonly Packed[]) => gzipSync(buildTar(files)),
};

describe.each(Object.entries(kinds))("an archive of the kind %s", (_, build) => {
  test("gives its files in order, whole, without what systems leave beside them", async () => {
    const long = `${"deep/".repeat(40)}ß.txt`;
    const large = Buffer.alloc(9000, "abc");
    const files = await read(
      build([
        { path: "b/1.txt", content: text("one") },
        { path: "__MACOSX/b/._1.txt", content: text("x") },
        { path: "b/.DS_Store", content: text("x") },
        { path: long, content: large },
        { path: "./a/2.txt", content: text("") },
      ]),
    );
    expect(files).toEqual([
      { path: "b/1.txt", bytes: text("one") },
      { path: long, bytes: large },
      { path: "a/2.txt", bytes: text("") },
    ]);
  });

  test.each(["../out.txt", "a/../../out.txt", "/etc/passwd", "C:/windows/x", "a\\..\\..\\x"])(
    "is refused when a path leads out of it: %s",
    async (path) => {
      const { code } = await failure(build([{ path, content: text("x") }]));
      expect(code).toBe("malformed");
    },
  );

  test("is refused when it has a path twice, too many entries or too many bytes", async () => {
    const files = ["a", "b", "c"].map((name) => ({ path: `x/${name}`, content: Buffer.alloc(9000) }));
    expect(await failure(build([files[0]!, files[0]!]))).toMatchObject({ code: "malformed" });
    expect(await failure(build(files), { entries: 2 })).toMatchObject({ code: "too_large" });
    expect(await failure(build(files), { totalBytes: 20_000 })).toMatchObject({ code: "too_large" });
  });

  test("tells of a file that is too large, and gives the others", async () => {
    const files = await read(
      build([
        { path: "x/bomb", content: Buffer.alloc(20_000) },
        { path: "x/ok", content: text("ok") },
      ]),
    );
    expect(files).toEqual([
      { path: "x/bomb", problem: expect.stringContaining("10,000 bytes") },
      { path: "x/ok", bytes: text("ok") },
    ]);
  });

  test("however it is cut or changed: an answer or a clear error, never anything else", async () => {
    const whole = build([
      { path: "x/a.txt", content: Buffer.alloc(3000, "hello ") },
      { path: "y/b.txt", content: text("b") },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (length, changes) => {
          const damaged = Buffer.from(whole);
          for (const [at, value] of changes) damaged[at] = value;
          try {
            await read(damaged.subarray(0, length));
          } catch (error) {
            expect(error).toBeInstanceOf(ServiceError);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("hostile archives", () => {
  test("a zip entry that unpacks to more than its directory says is a problem of that entry, and no more of it is unpacked", async () => {
    const files = await read(
      buildZip([
        { path: "x/liar", content: Buffer.alloc(5_000_000), statedBytes: 100 },
        { path: "x/ok", content: text("ok") },
      ]),
    );
    expect(files).toEqual([
      { path: "x/liar", problem: expect.stringContaining("damaged") },
      { path: "x/ok", bytes: text("ok") },
    ]);
  });

  test("links in a tar file lead nowhere", async () => {
    const archive = Buffer.concat([tarLink("x/link"), buildTar([{ path: "x/ok", content: text("ok") }])]);
    expect(await read(archive)).toEqual([{ path: "x/ok", bytes: text("ok") }]);
  });

  test("a tar file that ends in a file, and what is no archive, are told", async () => {
    const archive = buildTar([{ path: "x/a", content: text("a"), statedBytes: 9000 }]);
    expect(await failure(archive)).toMatchObject({
      code: "malformed",
      message: expect.stringContaining("ends in the middle"),
    });
    expect(await failure(text("label,x\n1,2\n"))).toMatchObject({ message: expect.stringContaining("neither zip") });
    expect(await failure(Buffer.alloc(0))).toMatchObject({ code: "malformed" });
  });
});
