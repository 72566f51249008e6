import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import S3rver from "s3rver";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCredentials } from "../../src/store/artifacts/s3/credentials.ts";
import { createS3ArtifactStore } from "../../src/store/artifacts/s3/s3-artifact-store.ts";
import { createS3Client, defaultTiming } from "../../src/store/artifacts/s3/s3-client.ts";
import { parseS3Url } from "../../src/store/artifacts/s3/s3-location.ts";
import { artifactStoreSuite } from "./artifact-store.ts";
import { type Asked, type Fault, type S3Stub, startS3Stub, stubBucket, stubKeys } from "./s3-stub.ts";

const MEGABYTE = 1024 ** 2;
/** As in the service, only that nobody waits long. */
const timing = { ...defaultTiming, answerMs: 1000, bytesPerSecond: 100 * MEGABYTE, firstDelayMs: 2 };

const environment = (keys = stubKeys) => ({
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
});

const openStore = (url: string, env: Record<string, string> = environment(), nowMs = Date.now) => {
  const location = parseS3Url(url, env);
  return createS3ArtifactStore(createS3Client(location, createCredentials(env, location.region), timing), {
    ...{ idleMs: 1000, nowMs },
  });
};

const urlOn = (stub: S3Stub, more = ""): string =>
  `s3://${stubBucket}/some/prefix?endpoint=${stub.endpoint}&region=us-east-1${more}`;

for (const conditional of [true, false]) {
  artifactStoreSuite(`S3, a stub ${conditional ? "with" : "without"} conditional writes`, async () => {
    const stub = await startS3Stub({ conditional });
    return { store: openStore(urlOn(stub)), close: stub.close };
  });
}

artifactStoreSuite("S3, s3rver", async () => {
  const directory = await mkdtemp(join(tmpdir(), "descent-s3rver-"));
  const server = new S3rver({
    ...{ address: "127.0.0.1", port: 0, silent: true, directory },
    configureBuckets: [{ name: "bucket", configs: [] }],
  });
  const { port } = (await server.run()) as { port: number };
  const env = environment({ accessKeyId: "S3RVER", secretAccessKey: "S3RVER" });
  return {
    store: openStore(`s3://bucket/some/prefix?endpoint=http://127.0.0.1:${port}`, env),
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

describe("artifact store: S3", () => {
  let stub: S3Stub;
  beforeEach(async () => {
    stub = await startS3Stub();
  });
  afterEach(() => stub.close());

  const large = Buffer.alloc(11 * MEGABYTE, "0123456789abcde");
  const chunks = (body: Buffer): Readable =>
    Readable.from(
      Array.from({ length: Math.ceil(body.length / 65_536) }, (_, i) => body.subarray(i * 65_536, (i + 1) * 65_536)),
    );
  const isPart = ({ query }: Asked): boolean => query.has("partNumber");
  const isCompletion = ({ method, query }: Asked): boolean => method === "POST" && query.has("uploadId");
  const isRead = ({ method, key }: Asked): boolean => method === "GET" && key !== "";
  /** Something goes wrong with the first so many requests of a kind. */
  const failing = (fits: (asked: Asked) => boolean, times: number, fault: Fault): void => {
    let left = times;
    stub.fault = (asked) => (fits(asked) && left-- > 0 ? fault : null);
  };
  const passing: Fault[] = [
    { kind: "refuse", status: 503, code: "SlowDown" },
    { kind: "refuse", status: 500, code: "InternalError" },
    { kind: "cut" },
    { kind: "hang" },
    { kind: "unanswered" },
    { kind: "torn", bytes: 30 },
  ];

  it.each(passing)("gets over a request that goes wrong twice (or hangs once): %j", async (fault) => {
    const store = openStore(urlOn(stub));
    const kinds: ((asked: Asked) => boolean)[] = [
      isPart,
      isCompletion,
      isRead,
      ({ method, query }) => method === "POST" && query.has("uploads"),
      ({ method, key }) => method === "GET" && key === "",
      ({ method }) => method === "DELETE",
      ({ method, query }) => method === "PUT" && !query.has("partNumber"),
    ];
    const twoParts = large.subarray(0, 6 * MEGABYTE);
    for (const fits of kinds) {
      failing(fits, fault.kind === "hang" ? 1 : 2, fault);
      await store.write("t/large", chunks(twoParts));
      await store.write("t/small", Buffer.from("small"));
      expect((await buffer(await store.read("t/large"))).equals(twoParts)).toBe(true);
      expect(Buffer.from(await store.readBytes("t/small")).toString()).toBe("small");
      expect(await store.list("t/")).toEqual(["t/large", "t/small"]);
      await store.remove("t/");
      expect(stub.objects.size).toBe(0);
    }
  });

  it("creates once, although the answers to a creation are lost", async () => {
    const store = openStore(urlOn(stub));
    failing(({ headers }) => headers["if-none-match"] === "*", 1, { kind: "unanswered" });
    await store.write("t/small", Buffer.from("x"), { ifAbsent: true });
    failing(({ headers }) => headers["if-none-match"] === "*", 1, { kind: "unanswered" });
    await store.write("t/large", chunks(large), { ifAbsent: true });
    await expect(store.write("t/large", chunks(large), { ifAbsent: true })).rejects.toMatchObject({ code: "in_use" });
    expect(stub.uploads.size).toBe(0);
  });

  it("refuses what the network changed on its way, and sends it again", async () => {
    const store = openStore(urlOn(stub));
    failing(isPart, 1, { kind: "flip" });
    await expect(store.write("t/large", chunks(large))).rejects.toMatchObject({ code: "unavailable" });
    expect([stub.objects.size, stub.uploads.size]).toEqual([0, 0]);
  });

  it("goes on reading where a connection ended, also again and again, and tells of an object that was replaced", async () => {
    const store = openStore(urlOn(stub));
    await store.write("t/large", chunks(large));
    failing(isRead, 8, { kind: "torn", bytes: MEGABYTE });
    expect((await buffer(await store.read("t/large"))).equals(large)).toBe(true);
    const ranges = stub.asked.filter(isRead).map(({ headers }) => headers.range);
    expect(ranges.length).toBeGreaterThan(2);
    failing(isRead, 1, { kind: "torn", bytes: MEGABYTE });
    const reader = await store.read("t/large");
    await store.write("t/large", Buffer.from("new"));
    await expect(buffer(reader)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("aborts an upload whose client leaves, and holds no more of it than two parts", async () => {
    const store = openStore(urlOn(stub));
    const body = new Readable({ read: () => undefined });
    const writing = store.write("t/large", body);
    for (let sent = 0; sent < 12; sent++) body.push(Buffer.alloc(MEGABYTE));
    await expect.poll(() => stub.asked.filter(isPart).length, { timeout: 10_000 }).toBeGreaterThan(0);
    body.destroy(new Error("the client went away"));
    await expect(writing).rejects.toThrow("the client went away");
    expect([stub.objects.size, stub.uploads.size]).toEqual([0, 0]);
    expect(stub.asked.at(-1)).toMatchObject({ method: "DELETE" });
  });

  it("takes from a stream only what it can send", async () => {
    const store = openStore(urlOn(stub));
    let given = 0;
    let most = 0;
    const body = Readable.from(
      (async function* () {
        for (; given < 40; given++) {
          most = Math.max(most, given - 5 * stub.asked.filter(isPart).length);
          yield Buffer.alloc(MEGABYTE);
        }
      })(),
      { highWaterMark: 1 },
    );
    await store.write("t/large", body);
    expect(most).toBeLessThanOrEqual(12);
    expect(stub.asked.filter(isPart)).toHaveLength(8);
  });

  it("sweeps uploads that nobody can be writing any more, and no others", async () => {
    const store = openStore(urlOn(stub));
    for (const [key, initiated] of [
      ["some/prefix/t/old", new Date(Date.now() - 2 * 86_400_000)],
      ["some/prefix/t/new", new Date()],
    ] as const)
      stub.uploads.set(key, { key, initiated, parts: new Map(), headers: {} });
    expect(await store.sweepTemporary()).toBe(1);
    expect([...stub.uploads.keys()]).toEqual(["some/prefix/t/new"]);
  });

  it("asks for encryption where it is told to", async () => {
    for (const [option, expected] of [
      ["&encryption=AES256", { "x-amz-server-side-encryption": "AES256" }],
      [
        "&encryption=aws:kms&kmsKeyId=key-1",
        { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "key-1" },
      ],
    ] as const) {
      const store = openStore(urlOn(stub, option));
      await store.write("t/small", Buffer.from("x"));
      await store.write("t/large", chunks(large));
      for (const key of ["t/small", "t/large"])
        expect(stub.objects.get(`some/prefix/${key}`)?.headers).toMatchObject(expected);
    }
  });

  const refuse = (status: number, code: string, more: Partial<Extract<Fault, { kind: "refuse" }>> = {}): Fault => ({
    ...{ kind: "refuse", status, code },
    ...more,
  });
  const skewed = refuse(403, "RequestTimeTooSkewed", {
    headers: { date: new Date(Date.now() - 3_600_000).toUTCString() },
  });
  it.each<[string, Fault | null, string, Record<string, string>, RegExp]>([
    [
      "an unknown key",
      null,
      "",
      environment({ ...stubKeys, accessKeyId: "AKIDOTHER" }),
      /AKIDOTHER is not known.*AWS_ACCESS_KEY_ID/,
    ],
    [
      "another secret",
      null,
      "",
      environment({ ...stubKeys, secretAccessKey: "other" }),
      /secret does not belong.*AWS_SECRET_ACCESS_KEY/,
    ],
    ["another region", null, "&region=eu-west-1", environment(), /is in the region us-east-1: set region/],
    ["a wrong clock", skewed, "", environment(), /clock is wrong, by 3\d\d\d s/],
    ["a missing bucket", refuse(404, "NoSuchBucket"), "", environment(), /there is no bucket bucket: create it/],
    [
      "a missing right",
      refuse(403, "AccessDenied"),
      "",
      environment(),
      /may not do this in the bucket bucket: it needs/,
    ],
    ["no keys at all", null, "", { HOME: "/nonexistent" }, /no credentials for S3: set AWS_ACCESS_KEY_ID/],
    ["half a pair", null, "", { AWS_ACCESS_KEY_ID: "x" }, /belong together/],
  ])("says what to do about %s, at once and without the secret", async (_, fault, option, env, message) => {
    stub.fault = () => fault;
    const url = urlOn(stub).replace(/&region=[^&]*/, option === "" ? "$&" : option);
    const error: unknown = await openStore(url, env)
      .probe()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unavailable", message: expect.stringMatching(message) });
    expect(String(error)).not.toContain(stubKeys.secretAccessKey);
    expect(stub.asked.length).toBeLessThanOrEqual(1);
  });

  it("is asked every ten seconds whether it can be used, and each time once it could not", async () => {
    let nowMs = 1_000_000;
    const store = openStore(urlOn(stub), environment(), () => nowMs);
    const askedBy = async (probe: Promise<void>): Promise<string[]> => {
      stub.asked.length = 0;
      await probe.catch(() => {});
      return stub.asked.map(({ method }) => method);
    };
    expect(await askedBy(store.probe())).toEqual(["PUT", "GET"]);
    nowMs += 9999;
    expect(await askedBy(store.probe())).toEqual([]);
    nowMs += 1;
    stub.fault = () => ({ kind: "refuse", status: 403, code: "AccessDenied" });
    expect(await askedBy(store.probe())).toEqual(["PUT"]);
    expect(await askedBy(store.probe())).toEqual(["PUT"]);
    stub.fault = () => null;
    expect(await askedBy(store.probe())).toEqual(["PUT", "GET"]);
    expect(await askedBy(store.probe())).toEqual([]);
  });

  it("gives up on a store that stays away, and says why", async () => {
    stub.fault = () => ({ kind: "refuse", status: 503, code: "SlowDown" });
    const store = openStore(urlOn(stub));
    await expect(store.readBytes("t/a")).rejects.toMatchObject({ code: "unavailable", message: /SlowDown/ });
    expect(stub.asked).toHaveLength(5);
    await stub.close();
    await expect(store.probe()).rejects.toMatchObject({
      code: "unavailable",
      message: /does not answer \(ECONNREFUSED\)/,
    });
  });
});
