import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import type { Job } from "../../../src/domain/jobs/job.ts";
import { createAdmit } from "../../../src/main/keys/api-keys.ts";
import { type FinishedRequest, toSubject } from "../../../src/usecases/admission/finished-request.ts";
import { ask, type Clients, connectClients, uploadFile } from "../../grpc/clients.ts";
import { createClient } from "../../rest/client.ts";
import { startTestService, type TestService } from "../service.ts";

const told: FinishedRequest[] = [];
let service: TestService;
let clients: Clients;
let dataset: Dataset;
let job: Job;
const client = createClient(() => service.url);
const denied = createAdmit([]);
beforeAll(async () => {
  service = await startTestService({
    onFinished: (request) => told.push(request),
    admit: async (operation, authorization, peer) => {
      if (authorization !== undefined) return denied(operation, authorization, peer);
      return { tenant: "default", scopes: new Set(["read", "submit", "admin"]), key: "me" };
    },
  });
  clients = connectClients(service.grpcAddress);
  dataset = await client.upload();
  job = await client.submit(dataset);
  // The answer is out before it is told of.
  await vi.waitUntil(() => told.length === 2);
});
afterAll(async () => {
  clients.close();
  await service.close();
});
beforeEach(() => {
  told.length = 0;
});

const only = async (): Promise<FinishedRequest> => {
  await expect.poll(() => told.length, { timeout: 5000 }).toBe(1);
  const [request] = told;
  if (request === undefined) throw new Error("nothing was told");
  expect(request.seconds).toBeGreaterThan(0);
  return request;
};

describe("a finished request, as REST tells of it", () => {
  it("names the route by its pattern, the caller, and what it was about", async () => {
    const response = await client.call(`/v1/jobs/${job.id}?wait=0`);
    expect(await only()).toMatchObject({
      ...{ surface: "rest", method: "GET", route: "/v1/jobs/:id", operation: "getJob", status: "200" },
      ...{ requestId: response.headers.get("x-request-id"), resource: job.id },
      caller: { tenant: "default", key: "me" },
    });
  });

  it("names what was made by it", async () => {
    const made = await client.submit(dataset);
    expect(await only()).toMatchObject({ route: "/v1/jobs", operation: "submitJob", status: "202", resource: made.id });
  });

  it.each([
    ["/nothing/here", { route: null, operation: null, status: "404", caller: null }, {}],
    ["/v1/jobs/unknown", { route: "/v1/jobs/:id", status: "404", resource: "unknown" }, {}],
    ["/v1/jobs", { route: "/v1/jobs", status: "401", caller: null }, { authorization: "Bearer nobody" }],
    ["/%zz", { route: null, status: "400" }, {}],
    ["/healthz", { route: "/healthz", operation: null, status: "200" }, {}],
  ])("is told of %s too", async (path, expected, headers) => {
    await client.call(path, { headers });
    expect(await only()).toMatchObject(expected);
  });

  it("tells a client that did not wait for its answer from one that left a stream", async () => {
    const gone = new AbortController();
    const waiting = fetch(`${service.url}/v1/jobs/${job.id}?wait=30`, { signal: gone.signal });
    const arrived = once(service.rest.server, "request");
    await arrived;
    gone.abort();
    await expect(waiting).rejects.toThrow();
    expect(await only()).toMatchObject({ route: "/v1/jobs/:id", status: "499" });
    told.length = 0;
    const left = new AbortController();
    const stream = await fetch(`${service.url}/v1/jobs/${job.id}/events`, { signal: left.signal });
    expect(told).toEqual([]);
    left.abort();
    await expect(stream.text()).rejects.toThrow();
    expect(await only()).toMatchObject({ route: "/v1/jobs/:id/events", status: "200", resource: job.id });
  });
});

describe("a finished request, as gRPC tells of it", () => {
  it("is a unary call, an upload and a stream, with what each was about", async () => {
    await ask(clients.jobs, clients.jobs.getJob, { id: job.id });
    const request = { surface: "grpc", method: "RPC", route: "getJob", status: "OK", resource: job.id };
    expect(await only()).toMatchObject({ ...request, caller: { key: "me" } });
    told.length = 0;
    const { id } = await uploadFile(clients, "a,b\n1,2\n3,4\n");
    expect(await only()).toMatchObject({ operation: "uploadDataset", status: "OK", resource: id });
    told.length = 0;
    const stream = clients.jobs.watchJob({ id: job.id });
    await once(stream, "data");
    stream.cancel();
    await expect(once(stream, "end")).rejects.toThrow();
    expect(await only()).toMatchObject({ operation: "watchJob", status: "CANCELLED", resource: job.id });
  });

  it("is a refusal, under the id that the client was told", async () => {
    const error: { code: number; metadata: { get(name: string): unknown[] } } = await ask(
      clients.jobs,
      clients.jobs.getJob,
      { id: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
    ).then(
      () => {
        throw new ServiceError("internal", "it was answered");
      },
      (reason) => reason,
    );
    expect(error.code).toBe(status.NOT_FOUND);
    expect(await only()).toMatchObject({ status: "NOT_FOUND", requestId: error.metadata.get("x-request-id")[0] });
  });
});

describe("what a log line says of an id", () => {
  it.each([
    ["job_01ARZ3NDEKTSV4RRFFQ69G5FAV", { job: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV" }],
    ["ds_01ARZ3NDEKTSV4RRFFQ69G5FAV", { dataset: "ds_01ARZ3NDEKTSV4RRFFQ69G5FAV" }],
    ["mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV", { model: "mdl_01ARZ3NDEKTSV4RRFFQ69G5FAV" }],
    ["job_fancy", {}],
    ["toString_01ARZ3NDEKTSV4RRFFQ69G5FAV", {}],
    [null, {}],
  ])("%s", (id, fields) => expect(toSubject(id)).toEqual(fields));
});
