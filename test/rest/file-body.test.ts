import { createHash } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { createGzip, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";
import { body, createClient } from "./client.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ quotas: { queuedJobs: 10, storedBytes: 4 * 1024 ** 2 } });
});
afterAll(() => service.close());
const client = createClient(() => service.url);

const send = (content: string | Uint8Array<ArrayBuffer> | ReadableStream, headers: Record<string, string> = {}) =>
  client.call("/v1/datasets", {
    ...{ method: "POST", body: content, headers: { "content-type": "text/csv", ...headers } },
    ...(typeof content === "object" && "getReader" in content ? { duplex: "half" } : {}),
  } as RequestInit);
const bytes = (buffer: Buffer): Uint8Array<ArrayBuffer> => Uint8Array.from(buffer);

describe("a file that comes compressed", () => {
  it.each(["gzip", "x-gzip", "GZIP"])("is the file that is in it (Content-Encoding: %s)", async (coding) => {
    const plain = await body(send(iris));
    const answer = await send(bytes(gzipSync(iris)), { "content-encoding": coding });
    const dataset = await body(answer);
    expect(answer.status).toBe(201);
    expect(dataset).toMatchObject({
      rows: 40,
      bytes: iris.length,
      sha256: createHash("sha256").update(iris).digest("hex"),
    });
    expect(dataset.columns).toEqual(plain.columns);
  });

  it("may come in several members and in small pieces", async () => {
    const half = iris.length / 2;
    const whole = Buffer.concat([gzipSync(iris.slice(0, half)), gzipSync(iris.slice(half))]);
    const pieces = Readable.from(
      Array.from({ length: Math.ceil(whole.length / 7) }, (_, i) => whole.subarray(7 * i, 7 * i + 7)),
    );
    const answer = await send(Readable.toWeb(pieces) as ReadableStream, { "content-encoding": "gzip" });
    expect((await body(answer)).rows).toBe(40);
  });

  it("is refused when it is damaged, cut off, or not compressed at all, and nothing stays", async () => {
    const before = (await body(client.call("/v1/datasets?pageSize=100"))).items.length;
    const whole = gzipSync(iris);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 6] = (flipped[whole.length - 6] ?? 0) ^ 1; // in the checksum
    for (const wrong of [flipped, whole.subarray(0, -9), Buffer.from(iris)]) {
      const answer = await send(bytes(wrong), { "content-encoding": "gzip" });
      expect([answer.status, (await body(answer)).code]).toEqual([400, "malformed"]);
    }
    expect((await body(client.call("/v1/datasets?pageSize=100"))).items).toHaveLength(before);
  });

  it("counts as what comes out of it: a bomb stops at the limit", async () => {
    const gzip = createGzip();
    gzip.write("a,b\n");
    const rows = Buffer.from("1,2\n".repeat(250_000));
    const bomb = new PassThrough();
    gzip.pipe(bomb);
    for (let i = 0; i < 64; i++) gzip.write(rows);
    gzip.end();
    const answer = await send(Readable.toWeb(bomb) as ReadableStream, { "content-encoding": "gzip" });
    expect([answer.status, (await body(answer)).code]).toEqual([429, "quota_exceeded"]);
    expect(limits.datasetBytes).toBeGreaterThan(4 * 1024 ** 2);
  });

  it.each(["br", "deflate", "gzip, gzip", "nonsense"])("in another way is refused: %s", async (coding) => {
    const answer = await send(bytes(deflateSync(iris)), { "content-encoding": coding });
    const problem = await body(answer);
    expect([answer.status, problem.code]).toEqual([415, "unsupported_media_type"]);
    expect(problem.detail).toContain("gzip");
  });
});

describe("a file without a word of what it is", () => {
  it("is refused with the kinds that are read", async () => {
    const answer = await fetch(`${service.url}/v1/datasets`, { method: "POST", body: new Blob([iris]) });
    const problem = await body(answer);
    expect([answer.status, problem.code]).toEqual([415, "unsupported_media_type"]);
    for (const type of ["text/csv", "application/zip", "application/x-tar", "application/gzip"])
      expect(problem.detail).toContain(type);
    expect(problem.detail).toContain("it came without a Content-Type");
  });
});

describe("what says how a table is written", () => {
  it("is refused where it contradicts itself, and beside pictures", async () => {
    const send = (query: string, type: string) =>
      fetch(`${service.url}/v1/datasets?${query}`, { method: "POST", headers: { "content-type": type }, body: iris });
    for (const [query, type, pointer] of [
      ["delimiter=,&decimal=,", "text/csv", "/query/decimal"],
      ["encoding=windows-1252", "application/zip", "/query/encoding"],
      ["dates=month_first", "application/zip", "/query/dates"],
    ] as const) {
      const answer = await send(query, type);
      expect([answer.status, (await body(answer)).errors[0].pointer]).toEqual([422, pointer]);
    }
  });
});

describe("words for missing cells that are no texts", () => {
  it("are refused with how to write them", async () => {
    const url = `${service.url}/v1/datasets?missingWords=[-999]`;
    const answer = await fetch(url, { method: "POST", headers: { "content-type": "text/csv" }, body: iris });
    const [fault] = (await body(answer)).errors;
    expect(fault).toEqual({ pointer: "/query/missingWords/0", detail: 'must be a text, in JSON in quotes: "-999"' });
  });
});

describe("a file that is no CSV", () => {
  it.each([
    ["a spreadsheet", Buffer.from("PK\x03\x04\x14\x00\x06\x00"), /ZIP.*export/],
    ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), /xz/],
    ["bzip2", Buffer.from("BZh91AY&SY"), /bzip2/],
    ["an old spreadsheet", Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /xls/],
  ])("is said to be what it is: %s", async (_name, content, detail) => {
    const answer = await send(bytes(content));
    const problem = await body(answer);
    expect([answer.status, problem.code]).toEqual([400, "invalid_csv"]);
    expect(problem.detail).toMatch(detail);
  });
});

describe("a body in another encoding than UTF-8", () => {
  it.each(["utf-16", "UTF-16LE", "iso-8859-1", "windows-1252"])(
    "is refused, not read as if it were: %s",
    async (charset) => {
      const csv = await send(iris, { "content-type": `text/csv; charset=${charset}` });
      const json = await client.call("/v1/jobs", {
        ...{ method: "POST", body: "{}", headers: { "content-type": `application/json; charset="${charset}"` } },
      });
      for (const answer of [csv, json]) {
        expect(answer.status).toBe(415);
        expect((await body(answer)).detail).toContain("must be UTF-8");
      }
    },
  );

  it.each(["utf-8", "UTF8", "us-ascii", '"utf-8"'])("and what is UTF-8 is read: %s", async (charset) => {
    expect((await send(iris, { "content-type": `text/csv;header=present; charset=${charset}` })).status).toBe(201);
  });
});
