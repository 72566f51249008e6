import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasZstd } from "../../src/formats/archives/compressed.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { buildTar } from "../formats/archives/build-archives.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";
import { body, createClient } from "./client.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ quotas: { queuedJobs: 10, storedBytes: 4 * 1024 ** 2 } });
});
afterAll(() => service.close());
const client = createClient(() => service.url);

const send = (content: string | Uint8Array, type = "text/csv", query = "", headers: Record<string, string> = {}) =>
  client.call(`/v1/datasets${query}`, {
    ...{ method: "POST", headers: { "content-type": type, ...headers } },
    body: typeof content === "string" ? content : Uint8Array.from(content),
  });

/** The stored file, and that nothing else lies beside it. */
const stored = async (id: string): Promise<string> => {
  const tenant = "default";
  const keys = await service.deps.artifacts.list(artifactKeys.dataset(tenant, id));
  expect(keys.map((key) => key.split("/").at(-1))).toEqual(["data.csv", "manifest.json"]);
  return Buffer.from(await service.deps.artifacts.readBytes(artifactKeys.datasetFile(tenant, id))).toString();
};

const irisRows = iris
  .trim()
  .split("\n")
  .map((line) => line.split(","));
const irisLines = irisRows
  .slice(1)
  .map((cells) => `{${cells.map((cell, i) => `"${irisRows[0]![i]}":${cell.includes(".") ? cell : `"${cell}"`}`)}}`)
  .join("\n");
const parquet = (name: string) => readFileSync(new URL(`../data/parquet/${name}.parquet`, import.meta.url));
const codesOf = (record: { notes?: { code: string }[] }): string[] => (record.notes ?? []).map(({ code }) => code);

describe("a table", () => {
  it.each([
    ["compressed with gzip, under its own name", gzipSync(iris), "application/gzip"],
    ["compressed with gzip, without a word of it", gzipSync(iris), "text/csv"],
    ["compressed twice", gzipSync(gzipSync(iris)), "text/csv"],
    ["in UTF-16", Buffer.from(`\ufeff${iris}`, "utf16le"), "text/csv"],
  ])("is read as what it is: %s", async (_name, content, type) => {
    const plain = await body(send(iris));
    const dataset = await body(send(content, type));
    expect(dataset.columns).toEqual(plain.columns);
    expect(dataset.sha256).toBe(plain.sha256);
    expect(await stored(dataset.id)).toBe(iris);
  });

  it.each([
    ["application/x-ndjson", irisLines],
    ["application/jsonl", irisLines],
    ["text/csv", irisLines],
    ["application/gzip", gzipSync(irisLines)],
  ])("in JSON Lines has the same columns as in CSV (%s)", async (type, content) => {
    const [plain, dataset] = [await body(send(iris)), await body(send(content, type))];
    expect(dataset.columns).toEqual(plain.columns);
    expect(codesOf(dataset)).toEqual(["converted"]);
    expect(await stored(dataset.id)).toBe(iris);
  });

  it.each(["application/vnd.apache.parquet", "text/csv"])("in Parquet is kept as CSV (%s)", async (type) => {
    const dataset = await body(send(parquet("duckdb5533"), type));
    expect(dataset.columns.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
      ["timestamp", "datetime"],
      ["item_id", "number"],
      ["currency_id", "category"],
      ["count", "number"],
      ["mf", "number"],
    ]);
    expect((await stored(dataset.id)).split("\n").slice(0, 2)).toEqual([
      "timestamp,item_id,currency_id,count,mf",
      "2022-11-27T17:42:43.514,2448,,1,343",
    ]);
    const left = await body(send(parquet("geospatial"), type));
    expect(left.notes.at(-1)).toMatchObject({
      code: "columns_left_out",
      message: expect.stringContaining('"geometry"'),
    });
  });

  it("of texts that look like numbers keeps them texts, unless it is told otherwise", async () => {
    const lines = '{"zip":"10115","n":1}\n{"zip":"20095","n":2}\n';
    const [zip, n] = (await body(send(lines))).columns;
    expect([zip.type, codesOf(zip), n.type]).toEqual(["category", ["number_texts"], "number"]);
    const stated = await body(send(lines, "application/x-ndjson", '?types={"zip":"number"}'));
    expect([stated.columns[0].type, stated.columns[0].mean]).toEqual(["number", 15105]);
  });

  it("has dates in the stated order in JSON Lines too, which say nothing of it either", async () => {
    const lines = '{"at":"03/04/2026"}\n{"at":"29/03/2026"}\n';
    const dataset = await body(send(lines, "application/x-ndjson", "?dates=day_first"));
    expect([dataset.dates, dataset.columns[0].dates]).toMatchObject([
      "day_first",
      { earliest: "2026-03-29", latest: "2026-04-03" },
    ]);
  });

  it("in another encoding is read as stated", async () => {
    const text = "größe;wert\nklein;1,5\nriesig;2,5\n";
    const dataset = await body(send(Buffer.from(text, "latin1"), "text/csv", "?encoding=windows-1252"));
    expect(dataset.columns[0].name).toBe("größe");
    expect(await stored(dataset.id)).toBe(text);
    const unstated = await body(send(Buffer.from(text, "latin1")));
    expect(unstated.detail).toContain("encoding=windows-1252");
  });
});

describe("a data set's file", () => {
  it("is what is kept: CSV whatever came, with its length and digest", async () => {
    const { id, bytes, sha256 } = await body(send(gzipSync(irisLines), "application/gzip"));
    const answer = await client.call(`/v1/datasets/${id}/file`);
    const file = Buffer.from(await answer.arrayBuffer());
    expect(file.toString()).toBe(iris);
    expect([answer.headers.get("content-type"), Number(answer.headers.get("content-length"))]).toEqual([
      "text/csv; charset=utf-8; header=present",
      bytes,
    ]);
    expect(createHash("sha256").update(file).digest("hex")).toBe(sha256);
    expect((await client.call("/v1/datasets/ds_01M888MJW0G5J7MTFF7P2QE54F/file")).status).toBe(404);
  });
});

describe("a file that is no table", () => {
  it.each([
    [
      "zstd where Node has none",
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 4]),
      "text/csv",
      hasZstd ? [400, /zstd/] : [415, /cannot uncompress zstd; .*gzip/],
    ],
    [
      "a tar archive in gzip",
      gzipSync(buildTar([{ path: "a/b.csv", content: Buffer.from(iris) }])),
      "text/csv",
      [400, /tar archive.*application\/gzip/],
    ],
    ["gzip within gzip within gzip", gzipSync(gzipSync(gzipSync(iris))), "text/csv", [400, /more than twice/]],
    ["Parquet that is cut off", parquet("signs").subarray(0, 900), "application/vnd.apache.parquet", [400, /cut off/]],
    [
      "CSV that is said to be Parquet",
      Buffer.from(iris),
      "application/vnd.apache.parquet",
      [400, /does not end with PAR1/],
    ],
    [
      "CSV that is said to be JSON Lines",
      Buffer.from(iris),
      "application/x-ndjson",
      [400, /line 1: character 1: an object/],
    ],
    ["a JSON list", Buffer.from("[{}]"), "application/x-ndjson", [400, /line 1: character 1/]],
  ] as [string, Buffer, string, [number, RegExp]][])(
    "is refused, and nothing stays: %s",
    async (_name, content, type, [status, detail]) => {
      const before = await service.deps.artifacts.list("default/");
      const answer = await send(content, type);
      const problem = await body(answer);
      expect([answer.status, problem.detail]).toEqual([status, expect.stringMatching(detail)]);
      expect(await service.deps.artifacts.list("default/")).toEqual(before);
    },
  );

  it("is refused where what is stated is for CSV", async () => {
    for (const [key, query] of [
      ["delimiter", "?delimiter=;"],
      ["encoding", "?encoding=windows-1252"],
    ] as const) {
      const answer = await send(irisLines, "application/x-ndjson", query);
      expect([answer.status, (await body(answer)).errors[0].pointer]).toEqual([422, `/query/${key}`]);
      expect((await send(irisLines, "text/csv", query)).status).toBe(422);
    }
  });

  it("counts as what it becomes: a bomb of few columns and many rows stops at the quota", async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `"k${i}":1`).join(",");
    const bomb = gzipSync(`{${keys}}\n${"{}\n".repeat(100_000)}`);
    const answer = await send(bomb, "application/x-ndjson");
    expect([answer.status, (await body(answer)).code]).toEqual([429, "quota_exceeded"]);
  });
});
