import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createGrpcServer, type GrpcServer } from "../../src/grpc/server.ts";
import { createAdmit } from "../../src/main/keys/api-keys.ts";
import { createRestServer } from "../../src/rest/server.ts";
import type { Admit } from "../../src/usecases/admission/caller.ts";
import { createLoadGate, type LoadGate } from "../../src/usecases/admission/load-gate.ts";
import { ask, type Clients, connectClients, uploadFile } from "../grpc/clients.ts";
import { quiet } from "../usecases/redis.ts";
import { iris, startTestService, type TestService } from "../usecases/service.ts";
import { body } from "./client.ts";

/** Keys are their owners' names: two of one tenant, one of another. */
const keys = [
  ["greedy-reader", "greedy"],
  ["greedy-writer", "greedy"],
  ["other-writer", "other"],
].map(([id = "", tenant = ""]) => ({
  ...{ id, tenant, scopes: ["read", "submit", "admin"] as const },
  sha256: createHash("sha256").update(id).digest("hex"),
}));

let service: TestService;
let gate: LoadGate;
let url = "";
let grpc: GrpcServer;
let clients: Clients;
let close: () => Promise<void>;
/** What an admission waits for, if anything: a Redis that counts rates, say. */
let beforeAdmission: () => Promise<void> = async () => {};
const jobs = new Map<string, string>();
const sockets: Socket[] = [];
const writers = ["greedy-writer", "other-writer"];

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const metadataOf = (key: string) => {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${key}`);
  return metadata;
};
const upload = (key: string) =>
  fetch(`${url}/v1/datasets`, { method: "POST", headers: { "content-type": "text/csv", ...bearer(key) }, body: iris });
const submit = (key: string, dataset: string) =>
  fetch(`${url}/v1/jobs`, {
    ...{ method: "POST", headers: { "content-type": "application/json", ...bearer(key) } },
    body: JSON.stringify({ dataset, task: { type: "classification", label: "species" } }),
  });

beforeAll(async () => {
  service = await startTestService();
  gate = createLoadGate(quiet);
  const byKey = createAdmit(keys.map((key) => ({ ...key, scopes: [...key.scopes] })));
  const admit: Admit = async (...args) => {
    await beforeAdmission();
    return byKey(...args);
  };
  const rest = await createRestServer(service.deps, { gate, admit });
  grpc = createGrpcServer(service.deps, { gate, admit });
  url = await rest.listen({ host: "127.0.0.1", port: 0 });
  clients = connectClients(`127.0.0.1:${await grpc.listen({ host: "127.0.0.1", port: 0 })}`);
  for (const key of writers) {
    const dataset = await body(upload(key));
    jobs.set(key, (await body(submit(key, dataset.id))).id);
  }
  close = async () => {
    clients.close();
    await Promise.all([rest.close(), grpc.close(1000)]);
    gate.close();
    await service.close();
  };
});
afterAll(() => close());

/** A request of which the head is sent, and the beginning of its body. */
const begin = async (path: string, head: Record<string, string>, start = ""): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  sockets.push(socket);
  await once(socket, "connect");
  const headers = Object.entries({ host: "x", ...head }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => {});
  socket.write(`POST ${path} HTTP/1.1\r\n${headers.join("")}\r\n${start}`);
  return socket;
};

const nothingHeld = { short: 0, waiting: 0, long: 0, upload: 0, bodyBytes: 0 };
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await expect.poll(() => gate.counts()).toMatchObject(nothingHeld);
});

/** Another key of the same tenant, and another tenant, over both surfaces. */
const expectOthersServed = async (): Promise<void> => {
  for (const key of writers) {
    const uploaded = await upload(key);
    expect(uploaded.status).toBe(201);
    expect((await uploadFile(clients, iris, {}, metadataOf(key))).rows).toBe(40);
    expect((await submit(key, (await body(uploaded)).id)).status).toBe(202);
    const gone = new AbortController();
    const events = `${url}/v1/jobs/${jobs.get(key)}/events`;
    expect((await fetch(events, { headers: bearer(key), signal: gone.signal })).status).toBe(200);
    gone.abort();
    await ask(clients.jobs, clients.jobs.getJob, { id: jobs.get(key) ?? "", waitSeconds: 0.01 }, metadataOf(key));
  }
};

describe("however much one key asks for, others are served", () => {
  it("beside slow uploads", async () => {
    const head = { ...bearer("greedy-reader"), "content-type": "text/csv", "content-length": "1000000" };
    for (let i = 0; i < 40; i++) await begin("/v1/datasets", head, "x,y\n1");
    await expect.poll(() => gate.counts().upload).toBe(12);
    await expectOthersServed();
  });

  it("beside announced bodies of which nothing is sent", async () => {
    const head = { ...bearer("greedy-reader"), "content-type": "application/json", "content-length": "16777216" };
    for (let i = 0; i < 20; i++) await begin("/v1/models/mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV/predict", head, "{");
    await expect.poll(() => gate.counts().bodyBytes).toBe(20);
    await expectOthersServed();
  });

  it("beside as many event streams as it gets", async () => {
    const gone = new AbortController();
    const events = `${url}/v1/jobs/${jobs.get("greedy-writer")}/events`;
    const open = () => fetch(events, { headers: bearer("greedy-reader"), signal: gone.signal });
    const streams = await Promise.all(Array.from({ length: 400 }, open));
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(375);
    await expectOthersServed();
    gone.abort();
  });
});

describe("a place is taken when the key is known", () => {
  it("uploads without one take none, and everybody's go on", async () => {
    const head = { "content-type": "text/csv", "content-length": "1000000" };
    for (let i = 0; i < 40; i++) await begin("/v1/datasets", head, "x,y\n1");
    const uploads = await Promise.all(Array.from({ length: 12 }, () => upload("other-writer")));
    expect(uploads.map(({ status }) => status)).toEqual(uploads.map(() => 201));
    await expectOthersServed();
  });

  it("a watch that is cancelled before that takes none, nor one that is cancelled right after", async () => {
    let admit = (): void => {};
    const admitted = new Promise<void>((resolve) => {
      admit = resolve;
    });
    let asked = 0;
    beforeAdmission = () => {
      asked += 1;
      return admitted;
    };
    const watch = () => {
      const call = clients.jobs.watchJob({ id: jobs.get("other-writer") ?? "" }, metadataOf("other-writer"));
      call.on("error", () => {}).on("data", () => {});
      return call;
    };
    const early = Array.from({ length: 20 }, watch);
    await expect.poll(() => asked).toBe(20);
    for (const call of early) call.cancel();
    // The server has seen the cancellations when it has answered what was sent after them.
    beforeAdmission = async () => {};
    await ask(clients.jobs, clients.jobs.listJobs, { state: 0 }, metadataOf("other-writer"));
    admit();
    const late = Array.from({ length: 20 }, watch);
    await ask(clients.jobs, clients.jobs.listJobs, { state: 0 }, metadataOf("other-writer"));
    for (const call of late) call.cancel();
    await expect.poll(() => gate.counts().long).toBe(0);
  });
});
