import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDescent, type JobSpec } from "../../src/client/descent.ts";
import { channelMeans } from "../formats/onnx/tiny-network.ts";
import { startTestService, type TestService } from "../usecases/service.ts";
import { failureOf, irisFile, specFor } from "./iris-job.ts";

let service: TestService;
let descent: ReturnType<typeof createDescent>;
beforeAll(async () => {
  service = await startTestService();
  descent = createDescent({ url: service.url });
});
const folder = mkdtempSync(join(tmpdir(), "client-"));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await service.close();
});

describe("uploads", () => {
  it("come from a path, a blob, bytes or a stream, and tell how far they are", async () => {
    const { size } = await (await import("node:fs/promises")).stat(irisFile);
    const bytes = new Uint8Array(
      await new Response(Readable.toWeb(createReadStream(irisFile)) as ReadableStream).arrayBuffer(),
    );
    const sources = [irisFile, new Blob([bytes]), bytes, createReadStream(irisFile), new Blob([bytes]).stream()];
    for (const source of sources) {
      const told: { sentBytes: number; totalBytes: number | null }[] = [];
      const dataset = await descent.datasets.upload(source, { onProgress: (progress) => told.push(progress) });
      expect(dataset).toMatchObject({ rows: 150, bytes: size });
      expect(told.at(-1)?.sentBytes).toBe(size);
      expect([size, null]).toContain(told.at(-1)?.totalBytes);
    }
  });

  it("are named after their file, and by their options", async () => {
    expect(await descent.datasets.upload(irisFile)).toMatchObject({ name: "iris" });
    const options = { name: "flowers", types: { petal_width: "category" as const } };
    const dataset = await descent.datasets.upload(irisFile, options);
    expect(dataset.name).toBe("flowers");
    expect(dataset.columns.find(({ name }) => name === "petal_width")?.type).toBe("category");
  });

  it("end with their source's own error", async () => {
    const fault = new Error("the disk is gone");
    const broken = async function* () {
      yield new TextEncoder().encode("a,b\n1,2\n");
      throw fault;
    };
    const web = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (controller) => controller.error(fault) });
    for (const source of [Readable.from(broken()), web])
      await expect(descent.datasets.upload(source, { name: "broken" })).rejects.toBe(fault);
  });

  it("pass on what they are told, for the service to judge", async () => {
    const options = { header: "absent", delimeter: ";" } as never;
    expect((await failureOf(descent.datasets.upload(irisFile, options))).errors).toMatchObject([
      { pointer: "/query/delimeter" },
    ]);
  });

  it("say which file is not there", async () => {
    await expect(descent.datasets.upload("/nowhere/at/all.csv")).rejects.toThrow(/ENOENT.*all\.csv/);
  });
});

describe("resources", () => {
  it("are listed through all pages, newest first", async () => {
    const uploaded = [];
    for (let i = 0; i < 5; i++) uploaded.push((await descent.datasets.upload(irisFile, { name: `page ${i}` })).id);
    const seen: string[] = [];
    for await (const { id } of descent.datasets.list({ pageSize: 2 })) seen.push(id);
    expect(seen.slice(0, 5)).toEqual(uploaded.toReversed());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("are submitted in as few requests as the service takes, each with its place among all", async () => {
    const { id } = await descent.datasets.upload(irisFile);
    const specs = Array.from({ length: 252 }, (_, i) => ({ ...specFor(i === 251 ? "ds_1" : id), name: `job ${i}` }));
    const outcomes = await descent.jobs.submitAll(specs, { idempotencyKey: "all" });
    expect(outcomes.map(({ index }) => index)).toEqual(specs.map((_, i) => i));
    expect(outcomes.filter(({ created }) => created)).toHaveLength(251);
    expect(outcomes[251]).toMatchObject({ id: null, problem: { code: "invalid" } });
    expect((await descent.jobs.get(outcomes[250]?.id ?? "")).spec.name).toBe("job 250");
    const again = await descent.jobs.submitAll(specs, { idempotencyKey: "all" });
    expect(again.map((outcome) => outcome.id)).toEqual(outcomes.map((outcome) => outcome.id));
    const large = { ...specFor(id), name: "x".repeat(1_100_000) };
    const cut = await descent.jobs.submitAll([specFor(id), large as (typeof specs)[number]]);
    expect(cut[0]).toMatchObject({ index: 0, created: true });
    expect(cut[1]).toMatchObject({ index: 1, id: null, created: false, problem: { status: 413, code: "too_large" } });
    await descent.jobs.cancel(cut[0]?.id ?? "");
    for (const { id: job } of outcomes.slice(0, 251)) await descent.jobs.cancel(job ?? "");
  });

  it("are planned, submitted once under one key, read and steered", async () => {
    const { id } = await descent.datasets.upload(irisFile);
    const plan = await descent.jobs.plan(specFor(id));
    expect(plan.parameters).toBeGreaterThan(100);
    expect(plan.spec.model.type).toBe("mlp");
    const first = await descent.jobs.submit(specFor(id), { idempotencyKey: "once" });
    const again = await descent.jobs.submit(specFor(id), { idempotencyKey: "once" });
    expect(again.id).toBe(first.id);
    const submission = descent.jobs.submit(specFor(id));
    const { id: other } = await submission;
    expect(other).not.toBe(first.id);
    expect((await descent.jobs.cancel(other)).state).toBe("cancelled");
    const events = [];
    for await (const event of submission.watch()) events.push(event);
    expect(events.map((event) => event.type === "state" && event.data.state)).toEqual(["queued", "cancelled"]);
    const paged = [];
    for await (const event of descent.jobs.events(other)) paged.push(event);
    expect(paged).toEqual(events);
    expect((await submission.wait()).state).toBe("cancelled");
    await descent.jobs.delete(other);
    expect(await failureOf(descent.jobs.get(other))).toMatchObject({ status: 404, code: "not_found" });
  });

  it("are networks that are imported, described, named, and asked about pictures from anywhere", async () => {
    const preprocessing = { scale: 1, mean: [1, 2, 3] };
    const model = await descent.models.import(channelMeans(), { name: "means", preprocessing });
    expect(model).toMatchObject({ name: "means", image: { scale: 1, mean: [1, 2, 3] } });
    const labels = ["red", "green", "blue"];
    expect(await descent.models.update(model.id, { labels })).toMatchObject({ labels });
    expect(await descent.aliases.put("eyes", model.id)).toMatchObject({ name: "eyes", model: model.id });
    const file = join(folder, "a picture.png");
    const create = { width: 3, height: 4, channels: 3 as const, background: { r: 11, g: 12, b: 200 } };
    await sharp({ create }).png().toFile(file);
    const bytes = new Uint8Array(await readFile(file));
    const pictures = [file, pathToFileURL(file), new Blob([bytes]), new File([bytes], "x.png"), bytes];
    const { predictions } = await descent.models.predict("eyes", pictures, { strict: true });
    expect(predictions).toHaveLength(5);
    for (const prediction of predictions)
      expect(prediction).toMatchObject({ label: "blue", outputs: { y: [10, 10, 197] } });
    const mixed = [file, { x: [] }] as never;
    await expect(descent.models.predict("eyes", mixed)).rejects.toThrow(/rows or pictures, not both/);
    const broken = await failureOf(descent.models.predict("eyes", [bytes, bytes.slice(0, 50)]));
    expect(broken.errors).toMatchObject([{ pointer: "/rows/1/x" }]);
    expect(await descent.models.lineage("eyes")).toMatchObject({ ancestors: [], model: { aliases: ["eyes"] } });
    expect(await descent.aliases.history("eyes")).toMatchObject([{ model: model.id }]);
    await descent.aliases.delete("eyes");
    const names: string[] = [];
    for await (const { name } of descent.aliases.list()) names.push(name);
    expect(names).toEqual([]);
  });

  it("are refused with a code, and a pointer to each fault", async () => {
    const { id } = await descent.datasets.upload(irisFile);
    const wrong = { ...specFor(id), optimiser: { type: "adam" } } as JobSpec;
    const error = await failureOf(descent.jobs.submit(wrong));
    expect(error).toMatchObject({ status: 422, code: "invalid", requestId: expect.stringMatching(/^req_/) });
    expect(error.errors).toEqual([{ pointer: "/optimiser", detail: expect.stringContaining("optimizer") }]);
  });
});

describe("a request", () => {
  let close = (): void => {};
  afterEach(() => close());

  const answering = async (answer: (n: number, request: IncomingMessage, response: ServerResponse) => void) => {
    const heard: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      request.resume();
      answer(heard.push(request), request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = () => {
      server.closeAllConnections();
      server.close();
    };
    const address = server.address();
    return { heard, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` };
  };
  const busy = (response: ServerResponse): void =>
    void response.writeHead(503, { "retry-after": "0" }).end('{"code":"overloaded","detail":"busy"}');

  it("that may be repeated is: a submission under the same key", async () => {
    const { heard, url } = await answering((n, request, response) => {
      if (n === 1) busy(response);
      else if (n === 2) request.socket.destroy();
      else response.end('{"id":"job_1"}');
    });
    expect(await createDescent({ url }).jobs.submit(specFor("ds_1"))).toEqual({ id: "job_1" });
    const keys = heard.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\w-]{36}$/);
  });

  it("that may not is not: an upload would be two data sets", async () => {
    const { heard, url } = await answering((_n, _request, response) => busy(response));
    expect(await failureOf(createDescent({ url }).datasets.upload(new Blob(["a\n1\n"])))).toMatchObject({
      code: "overloaded",
    });
    expect(heard).toHaveLength(1);
  });

  it("is given up after the retries that are allowed, with the last answer", async () => {
    const { heard, url } = await answering((_n, _request, response) => busy(response));
    expect(await failureOf(createDescent({ url, retries: 2 }).jobs.get("job_1"))).toMatchObject({ code: "overloaded" });
    expect(heard).toHaveLength(3);
  });

  it("ends with its signal, also while it waits to be repeated", async () => {
    const controller = new AbortController();
    const { url } = await answering((_n, _request, response) => {
      response.writeHead(503, { "retry-after": "60" }).end("{}");
      setImmediate(() => controller.abort(new Error("enough")));
    });
    await expect(createDescent({ url }).jobs.get("job_1", { signal: controller.signal })).rejects.toThrow("enough");
  });

  it("says who did not answer", async () => {
    const { url } = await answering(() => {});
    close();
    const error = await failureOf(createDescent({ url, retries: 0 }).jobs.get("job_1"));
    expect(error).toMatchObject({
      status: 0,
      code: "connection",
      message: expect.stringContaining(`no service answers at ${url}`),
    });
  });

  it("carries the key, which may change between two", async () => {
    let key = "first";
    const { heard, url } = await answering((_n, _request, response) => void response.end("{}"));
    const client = createDescent({ url, apiKey: () => key });
    await client.jobs.get("job_1");
    key = "second";
    await client.jobs.get("job_1");
    expect(heard.map(({ headers }) => headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
  });
});

describe("studies", () => {
  it("are planned, submitted once for a key, listed, steered and read", async () => {
    const { id: dataset } = await descent.datasets.upload(irisFile);
    const spec = { job: specFor(dataset), trials: 2 };
    expect(await descent.studies.plan(spec)).toMatchObject({ trials: 2, spec: { sampler: { type: "tpe" } } });
    const [study, again] = [
      await descent.studies.submit(spec, { idempotencyKey: "study-1" }),
      await descent.studies.submit(spec, { idempotencyKey: "study-1" }),
    ];
    expect(again.id).toBe(study.id);
    const listed = await descent.studies.list().page();
    expect(listed.items.map(({ id }) => id)).toContain(study.id);
    const { space } = study.spec;
    expect(await descent.studies.csv(study.id)).toMatch(/^number,job,state,.*\/optimizer\/learningRate/);
    expect((await descent.studies.leaderboard(study.id)).items).toEqual([]);
    expect((await descent.studies.importances(study.id)).items.length).toBeGreaterThan(0);
    await expect(descent.studies.suggest(study.id, { "/nowhere": 1 })).rejects.toMatchObject({ code: "invalid" });
    expect(Object.keys(space)).toContain("/optimizer/learningRate");
    await descent.studies.cancel(study.id);
    const events = [];
    for await (const event of descent.studies.events(study.id)) events.push(event.type);
    expect(events[0]).toBe("state");
  });
});
