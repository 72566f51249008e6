import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Metadata, type ServiceError as RpcError } from "@grpc/grpc-js";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGrpcServer, type GrpcServer } from "../../src/grpc/server.ts";
import { registerInferenceProtocol } from "../../src/inference-protocol/rest.ts";
import { createRestServer } from "../../src/rest/server.ts";
import { createRateLimiter } from "../../src/store/redis/rate-limiter.ts";
import { createProducerConnection, waitForRedis } from "../../src/store/redis/redis-connection.ts";
import { admitEveryone } from "../../src/usecases/admission/caller.ts";
import { createLoadGate, type LoadGate } from "../../src/usecases/admission/load-gate.ts";
import { limitRate } from "../../src/usecases/admission/rate-limit.ts";
import { ask, type Clients, connectClients, refusalOf, uploadFile } from "../grpc/clients.ts";
import { quiet } from "../usecases/redis.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";
import { body } from "./client.ts";

/** So slow that nothing is regained while the test lasts, however busy the machine is. */
const rate = { perSecond: 0.01, burst: 20 };
const anyone = { tenant: "default", key: null };
let service: TestService;
let gate: LoadGate;
let url = "";
let grpc: GrpcServer;
let clients: Clients;
let job = "";
let close: () => Promise<void>;

const post = (path: string, content: string | object, type = "application/json") =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": type },
    body: typeof content === "string" ? content : JSON.stringify(content),
  });

beforeAll(async () => {
  service = await startTestService();
  gate = createLoadGate(quiet, {
    atOnce: { short: 4, long: 2, upload: 2 },
    waiting: 4,
    waitMs: 60_000,
    bodyBytes: 4096,
  });
  const inference = { deps: service.deps, admit: admitEveryone, gate };
  const plugins = [(app: FastifyInstance) => registerInferenceProtocol(app, inference)];
  const rest = await createRestServer(service.deps, { gate, plugins });
  grpc = createGrpcServer(service.deps, { gate });
  url = await rest.listen({ host: "127.0.0.1", port: 0 });
  clients = connectClients(`127.0.0.1:${await grpc.listen({ host: "127.0.0.1", port: 0 })}`);
  const dataset = await body(post("/v1/datasets", iris, "text/csv"));
  const submitted = await post("/v1/jobs", {
    dataset: dataset.id,
    task: { type: "classification", label: "species" },
  });
  job = (await body(submitted)).id;
  close = async () => {
    clients.close();
    await Promise.all([rest.close(), grpc.close(1000)]);
    gate.close();
    await service.close();
  };
});
afterAll(() => close());

const connectRaw = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  return socket;
};

/** All that may be under way or in line is so while the work runs. */
const whenFull = async (work: () => Promise<void>): Promise<void> => {
  let end = (): void => {};
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  const held = Array.from({ length: 8 }, () => gate.run(anyone, () => until));
  try {
    await work();
  } finally {
    end();
    await Promise.all(held);
  }
};

const expectRefused = async (response: Response): Promise<void> => {
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  expect(await response.json()).toMatchObject({
    code: "overloaded",
    status: 503,
    type: "urn:descent:error:overloaded",
  });
};

const expectRefusedCall = async (call: Promise<unknown>): Promise<void> => {
  const error: RpcError = await call.then(
    () => expect.fail("the call was not refused"),
    (reason: RpcError) => reason,
  );
  expect(error.metadata.get("retry-after")).toEqual(["1"]);
  const { status, problem } = await refusalOf(Promise.reject(error));
  expect([status, problem.code]).toEqual(["UNAVAILABLE", "overloaded"]);
};

describe("a process that has as much to do as it can", () => {
  it("refuses everything but probes on both surfaces, says when to come back, and goes on as soon as it can", async () => {
    await whenFull(async () => {
      await expectRefused(await fetch(`${url}/v1/jobs/${job}`));
      await expectRefused(await fetch(`${url}/v1/jobs/${job}?wait=1`));
      await expectRefused(await post("/v1/jobs", { any: "thing" }));
      await expectRefused(await post("/v1/datasets", iris, "text/csv"));
      await expectRefusedCall(ask(clients.jobs, clients.jobs.getJob, { id: job }, new Metadata()));
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/readyz?verbose`)).status).toBe(200);
    });
    expect((await fetch(`${url}/v1/jobs/${job}`)).status).toBe(200);
    await ask(clients.jobs, clients.jobs.getJob, { id: job }, new Metadata());
  });

  it("refuses a large body whose sender does not stop, and answers it", async () => {
    await whenFull(async () => {
      await expectRefused(await post("/v1/datasets", "a,b\n".repeat(1_000_000), "text/csv"));
    });
  });

  it("holds back only so many waits and streams, and ordinary requests go on beside them", async () => {
    const gone = new AbortController();
    const streams = await Promise.all([1, 2].map(() => fetch(`${url}/v1/jobs/${job}/events`, { signal: gone.signal })));
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    await expectRefused(await fetch(`${url}/v1/jobs/${job}?wait=30`));
    await expectRefused(await fetch(`${url}/v1/jobs/${job}/events`));
    await expectRefusedCall(ask(clients.jobs, clients.jobs.getJob, { id: job, waitSeconds: 5 }, new Metadata()));
    expect((await fetch(`${url}/v1/jobs/${job}?wait=0`)).status).toBe(200);
    gone.abort();
    await expect.poll(() => gate.counts().long).toBe(0);
    expect((await fetch(`${url}/v1/jobs/${job}?wait=0.01`)).status).toBe(200);
  });

  it("takes in only so many uploads at once", async () => {
    const leave = [gate.enter("upload", anyone), gate.enter("upload", anyone)];
    await expectRefused(await post("/v1/datasets", iris, "text/csv"));
    await expectRefusedCall(uploadFile(clients, iris));
    for (const each of leave) each();
    expect((await post("/v1/datasets", iris, "text/csv")).status).toBe(201);
    await expect.poll(() => gate.counts().upload).toBe(0);
  });

  it("holds only so many bytes of bodies, by what has arrived", async () => {
    const announced = await connectRaw();
    announced.write(
      "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
    );
    announced.write("{");
    await expect.poll(() => gate.counts().bodyBytes).toBe(1);
    await expectRefused(await post("/v1/jobs", { name: "x".repeat(5000) }));
    expect((await post("/v1/jobs", { name: "x" })).status).toBe(422);
    announced.destroy();
    await expect.poll(() => gate.counts().bodyBytes).toBe(0);
  });

  it("counts the bodies of the Open Inference Protocol as well, and answers in its form to a sender who does not stop", async () => {
    const announced = await connectRaw();
    announced.write("POST /v2/models/any/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n{");
    await expect.poll(() => gate.counts().bodyBytes).toBe(1);
    const refused = await post("/v2/models/any/infer", "x".repeat(1_000_000), "application/octet-stream");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(Object.keys(await body(Promise.resolve(refused)))).toEqual(["error"]);
    expect((await post("/v2/models/any/infer", "{}", "application/octet-stream")).status).toBe(404);
    announced.destroy();
    await expect.poll(() => gate.counts().bodyBytes).toBe(0);
    await whenFull(async () => {
      const { status } = await post("/v2/models/any/infer", "x".repeat(1_000_000), "application/octet-stream");
      expect(status).toBe(503);
    });
    expect(gate.counts().bodyBytes).toBe(0);
  });

  it("is at rest afterwards, whatever was asked for at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        fetch(`${url}/v1/jobs/${i % 3 === 0 ? job : "job_01ARZ3NDEKTSV4RRFFQ69G5FAV"}`).then(({ status }) => status),
      ),
    );
    expect(answers.filter((status) => ![200, 404, 503].includes(status))).toEqual([]);
    expect(answers).toContain(200);
    await expect.poll(() => gate.counts()).toMatchObject({ short: 0, waiting: 0, long: 0, upload: 0, bodyBytes: 0 });
  });
});

describe("a caller that asks faster than it may", () => {
  it("is told so with 429 and a time on both surfaces, and never gets more than its rate over all processes", async () => {
    const connections = [1, 2].map(() => createProducerConnection(service.redis.url, () => {}));
    for (const connection of connections) await waitForRedis(connection, 5000);
    const admits = connections.map((connection) =>
      limitRate(admitEveryone, createRateLimiter(connection), { read: rate, submit: rate, admin: rate, predict: rate }),
    );
    const rests = await Promise.all(admits.map((admit) => createRestServer(service.deps, { admit })));
    const urls = await Promise.all(rests.map((rest) => rest.listen({ host: "127.0.0.1", port: 0 })));
    const limited = createGrpcServer(service.deps, { admit: admits[0]! });
    const port = await limited.listen({ host: "127.0.0.1", port: 0 });
    const calls = connectClients(`127.0.0.1:${port}`);
    const startMs = performance.now();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => fetch(`${urls[i % 2]}/v1/jobs/${job}`)));
    const allowed = rate.burst + Math.ceil(((performance.now() - startMs) / 1000) * rate.perSecond);
    const served = answers.filter(({ status }) => status === 200).length;
    expect(served).toBeGreaterThanOrEqual(rate.burst);
    expect(served).toBeLessThanOrEqual(allowed);
    for (const response of answers.filter(({ status }) => status !== 200)) {
      expect(response.status).toBe(429);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(await response.json()).toMatchObject({ code: "rate_limited", detail: expect.stringContaining("read") });
    }
    const error: RpcError = await ask(calls.jobs, calls.jobs.getJob, { id: job }).then(
      () => expect.fail("the call was not refused"),
      (reason: RpcError) => reason,
    );
    expect(Number(error.metadata.get("retry-after")[0])).toBeGreaterThanOrEqual(1);
    const { status, problem } = await refusalOf(Promise.reject(error));
    expect([status, problem.code]).toEqual(["RESOURCE_EXHAUSTED", "rate_limited"]);
    calls.close();
    await Promise.all([...rests.map((rest) => rest.close()), limited.close(1000)]);
    for (const connection of connections) connection.disconnect();
  });
});
