import { Readable } from "node:stream";
import type { Metadata } from "@grpc/grpc-js";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ServiceError } from "../../src/domain/errors.ts";
import { createGrpcServer } from "../../src/grpc/server.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { createRedisReservations } from "../../src/store/redis/redis-reservations.ts";
import type { Caller } from "../../src/usecases/admission/caller.ts";
import { deleteDataset } from "../../src/usecases/datasets/delete-dataset.ts";
import { updateDataset } from "../../src/usecases/datasets/update-dataset.ts";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import type { Deps } from "../../src/usecases/deps.ts";
import { importModel } from "../../src/usecases/models/import-model.ts";
import { buildZip } from "../formats/archives/build-archives.ts";
import { modelOf, nodeOf, portOf, tensorOf } from "../formats/onnx/tiny-network.ts";
import { connectClients } from "../grpc/clients.ts";
import { body, createClient } from "../rest/client.ts";
import { iris, startTestService, type TestService } from "./service.ts";

const storedBytes = 50_000;
let service: TestService;
beforeAll(async () => {
  service = await startTestService({ quotas: { queuedJobs: 2, storedBytes } });
});
afterAll(() => service.close());
const { call, post, upload } = createClient(() => service.url);

it("jobs that are paused count as waiting: pausing makes no room for more", async () => {
  const { id: dataset } = await upload();
  const submit = () => post("/v1/jobs", { dataset, task: { type: "classification", label: "species" } });
  const jobs = [await body(submit()), await body(submit())];
  expect((await submit()).status).toBe(429);
  for (const { id } of jobs) expect((await post(`/v1/jobs/${id}/pause`)).status).toBe(200);
  const refused = await submit();
  expect([refused.status, (await body(refused)).code]).toEqual([429, "quota_exceeded"]);
  for (const { id } of jobs) expect((await post(`/v1/jobs/${id}/resume`)).status).toBe(200);
  expect((await post(`/v1/jobs/${jobs[0].id}/cancel`)).status).toBe(200);
  expect((await submit()).status).toBe(202);
});

it("an answer says what is left of the quota that it counted against, and a refusal which one is reached", async () => {
  const told = (answer: { headers: Headers }) =>
    ["ratelimit", "ratelimit-policy"].map((name) => answer.headers.get(name));
  const uploaded = await fetch(`${service.url}/v1/datasets`, {
    ...{ method: "POST", headers: { "content-type": "text/csv" }, body: iris },
  });
  const left = storedBytes - (await service.deps.artifacts.usedBytes("default/"));
  expect(told(uploaded)).toEqual([`"stored-bytes";r=${left}`, `"stored-bytes";q=${storedBytes};qu="content-bytes"`]);
  const { id: dataset } = await body(uploaded);
  const tooLarge = await fetch(`${service.url}/v1/datasets`, {
    ...{ method: "POST", headers: { "content-type": "text/csv" }, body: `x\n${"1\n".repeat(storedBytes)}` },
  });
  expect([tooLarge.status, told(tooLarge)[0]]).toEqual([429, '"stored-bytes";r=0']);
  for (const { id, state } of (await body(fetch(`${service.url}/v1/jobs`))).items)
    if (state === "queued") await post(`/v1/jobs/${id}/cancel`);
  const submit = () => post("/v1/jobs", { dataset, task: { type: "classification", label: "species" } });
  const policy = '"queued-jobs";q=2;qu="jobs"';
  expect(told(await submit())).toEqual(['"queued-jobs";r=1', policy]);
  const last = await submit();
  expect(told(last)).toEqual(['"queued-jobs";r=0', policy]);
  const refused = await submit();
  expect([refused.status, ...told(refused)]).toEqual([429, '"queued-jobs";r=0', policy]);
  await post(`/v1/jobs/${(await body(last)).id}/cancel`);
  // Over gRPC in the trailers, and beside a rate as one list.
  const rate = { name: "submit", rate: { perSecond: 20, burst: 100 }, remaining: 99, resetSeconds: 0.05 };
  const grpc = createGrpcServer(service.deps, { admit: async () => ({ ...caller("default"), rate }) });
  const clients = connectClients(`127.0.0.1:${await grpc.listen({ host: "127.0.0.1", port: 0 })}`);
  const spec = { dataset, labels: {}, task: { type: "classification", label: "species", features: [], exclude: [] } };
  const trailer = await new Promise<Metadata>((resolve, reject) => {
    clients.jobs
      .submitJob({ spec }, (error) => error && reject(error))
      .on("status", ({ metadata }) => resolve(metadata));
  });
  expect(trailer.get("ratelimit")).toEqual(['"submit";r=99;t=1, "queued-jobs";r=0']);
  expect(trailer.get("ratelimit-policy")).toEqual([`"submit";q=100;w=5, ${policy}`]);
  const refusedFor = (changed: object) =>
    new Promise<Metadata>((resolve) => {
      clients.jobs.submitJob({ spec: { ...spec, ...changed } }, (error) => resolve(error!.metadata));
    });
  expect((await refusedFor({})).get("ratelimit")).toEqual(trailer.get("ratelimit"));
  expect((await refusedFor({ dataset: "none" })).get("ratelimit")).toEqual(['"submit";r=99;t=1']);
  clients.close();
  await grpc.close(1000);
});

it("jobs of one request are counted one by one", async () => {
  const { items } = await body(call("/v1/jobs?state=queued"));
  for (const { id } of items) await post(`/v1/jobs/${id}/cancel`);
  const { id: dataset } = await upload();
  const spec = { dataset, task: { type: "classification", label: "species" } };
  const answer = await post("/v1/jobs/batch", { jobs: [spec, spec, spec] });
  expect(answer.headers.get("ratelimit")).toBe('"queued-jobs";r=0');
  const { recorded, outcomes } = await body(answer);
  expect(recorded).toBe(2);
  expect(outcomes[2]).toMatchObject({ id: null, retryAfterSeconds: 10, problem: { code: "quota_exceeded" } });
});

const caller = (tenant: string): Caller => ({ tenant, scopes: new Set(["submit"] as const), key: null });

/** The same service in another process: a connection of its own to the same Redis and store. */
const besides = async (): Promise<{ deps: Deps; close: () => void }> => {
  const redis = createProducerConnection(service.redis.url, () => {});
  await waitForRedis(redis, 5000);
  return {
    deps: { ...service.deps, reservations: createRedisReservations(redis) },
    close: () => redis.disconnect(),
  };
};

/** Uploads of `bytes` each that stop when most of it has been taken, and what became of them until then. */
const uploadHalfway = (all: readonly Deps[], tenant: string, bytes: number) => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const rows = `x,y\n${"1,2\n".repeat((bytes - 4) / 4)}`;
  const uploads = all.map((deps) => {
    let halfway = (): void => {};
    const reached = new Promise<"halfway">((resolve) => {
      halfway = () => resolve("halfway");
    });
    const pieces = async function* () {
      for (let from = 0; from < bytes - 8000; from += 4000) yield Buffer.from(rows.slice(from, from + 4000));
      halfway();
      await gate;
      yield Buffer.from(rows.slice(Math.ceil((bytes - 8000) / 4000) * 4000));
    };
    const body = Readable.from(pieces(), { objectMode: false, highWaterMark: 1 });
    const ended = uploadDataset(deps, caller(tenant), { body }).then(
      () => "stored",
      (error: ServiceError) => error.code,
    );
    return { ended, soFar: Promise.race([reached, ended]) };
  });
  return {
    open,
    soFar: () => Promise.all(uploads.map(({ soFar }) => soFar)),
    ends: () => Promise.all(uploads.map(({ ended }) => ended)),
  };
};

describe("uploads that run beside each other, over two processes", () => {
  it("hold no more than the tenant's bytes together, from their first byte on", async () => {
    const other = await besides();
    const { open, soFar, ends } = uploadHalfway(
      [service.deps, other.deps, service.deps, other.deps],
      "parallel",
      28_000,
    );
    // Three times 20,000 bytes are more than the tenant may have: one is refused meanwhile; another may have been read ahead of its refusal.
    const met = await soFar();
    expect(met).toContain("halfway");
    expect(met).toContain("quota_exceeded");
    open();
    expect((await ends()).sort()).toEqual(["quota_exceeded", "quota_exceeded", "quota_exceeded", "stored"]);
    expect(await service.deps.artifacts.usedBytes("parallel/")).toBeLessThanOrEqual(storedBytes);
    other.close();
  });

  it("may fill the tenant's bytes to the last, and give back what they did not keep", async () => {
    const other = await besides();
    const both = uploadHalfway([service.deps, other.deps], "exact", 24_000);
    expect(await both.soFar()).toEqual(["halfway", "halfway"]);
    both.open();
    expect(await both.ends()).toEqual(["stored", "stored"]);
    const { items } = await service.deps.catalogue.datasets("exact", { pageSize: 10, pageToken: null });
    expect(items).toHaveLength(2);
    await deleteDataset(service.deps, caller("exact"), items[0]!);
    const after = uploadHalfway([other.deps], "exact", 24_000);
    after.open();
    expect(await after.ends()).toEqual(["stored"]);
    other.close();
  });

  it("what a process that died had reserved is given back by itself", async () => {
    const redis = createProducerConnection(service.redis.url, () => {});
    await waitForRedis(redis, 5000);
    const hasty = createRedisReservations(redis, 20);
    const wanted = { atLeast: 100, atMost: 100, free: 100, sequence: 0 };
    expect(await hasty.reserve("dead", "dead/datasets/a/", wanted)).toBe(100);
    const taken = async () => hasty.reserve("dead", "dead/datasets/b/", { ...wanted, ...(await hasty.look("dead")) });
    await vi.waitFor(async () => expect(await taken()).toBe(100), { timeout: 5000, interval: 10 });
    redis.disconnect();
  });
});

it("pixels count as they are decoded, however little the archive takes", async () => {
  const plain = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#c08040" } })
    .png()
    .toBuffer();
  const archive = (pictures: number) =>
    buildZip(Array.from({ length: pictures }, (_, i) => ({ path: `${i % 2 ? "a" : "b"}/${i}.png`, content: plain })));
  const uploadImages = (pictures: number) =>
    uploadDataset(service.deps, caller("images"), { format: "images", body: Readable.from([archive(pictures)]) });
  expect(archive(8).length).toBeLessThan(5000);
  await expect(uploadImages(8)).rejects.toMatchObject({ code: "quota_exceeded" });
  expect(await service.deps.artifacts.list("images/")).toEqual([]);
  expect((await uploadImages(3)).rows).toBe(3);
});

it("weights count as they are stored, however little the file takes", async () => {
  const side = 100;
  const network = modelOf({
    nodes: [nodeOf("Gemm", ["x", "w", "b"], "y", { transB: 1 })],
    initializers: [
      tensorOf(
        "w",
        [side, side],
        Array.from({ length: side * side }, () => 1),
      ),
      tensorOf(
        "b",
        [side],
        Array.from({ length: side }, () => 0),
      ),
    ],
    inputs: [portOf("x", ["batch", side])],
    outputs: [portOf("y", ["batch", side])],
  });
  const body = () => Readable.from([buildZip([{ path: "net.onnx", content: network }])]);
  const importInto = (tenant: string) => importModel(service.deps, caller(tenant), { format: "zip", body: body() });
  expect((await importInto("nets")).files.weights.bytes).toBeGreaterThan(40_000);
  await expect(importInto("nets")).rejects.toMatchObject({ code: "quota_exceeded" });
  expect(await service.deps.artifacts.usedBytes("nets/")).toBeLessThanOrEqual(storedBytes);
});

it("types that are changed keep the record of before, for which there must be room beside the file", async () => {
  const rows = Array.from({ length: 2400 }, (_, i) => `${i % 7},name ${i % 5},${"x".repeat(8)}\n`).join("");
  const filled = await uploadDataset(service.deps, caller("retyped"), {
    name: "filled",
    body: Readable.from([Buffer.from(`a,b,c\n${rows}`)]),
  });
  const used = await service.deps.artifacts.usedBytes("retyped/");
  const rest = storedBytes - used;
  const beside = `a\n${"1\n".repeat(Math.floor((rest - 1400) / 2))}`;
  await uploadDataset(service.deps, caller("retyped"), { name: "beside", body: Readable.from([Buffer.from(beside)]) });
  const change = updateDataset(service.deps, caller("retyped"), { id: filled.id, body: { types: { a: "category" } } });
  await expect(change).rejects.toMatchObject({ code: "quota_exceeded" });
  expect(await service.deps.artifacts.usedBytes("retyped/")).toBeLessThanOrEqual(storedBytes);
});
