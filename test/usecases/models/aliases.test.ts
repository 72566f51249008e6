import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Problem } from "../../../src/domain/errors.ts";
import { defaultTenant } from "../../../src/domain/ids.ts";
import { limits } from "../../../src/domain/limits.ts";
import type { Alias, AliasChange } from "../../../src/domain/models/alias.ts";
import type { Lineage } from "../../../src/domain/models/lineage.ts";
import type { AnyModel, Model } from "../../../src/domain/models/model.ts";
import { fromWire } from "../../../src/grpc/typed/convert.ts";
import { modelShapes } from "../../../src/grpc/typed/model-shapes.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { admitEveryone, type Caller } from "../../../src/usecases/admission/caller.ts";
import { submitJob } from "../../../src/usecases/jobs/submit-job.ts";
import { reindex } from "../../../src/usecases/upkeep/reindex.ts";
import { applyRetention } from "../../../src/usecases/upkeep/retention.ts";
import { createRestClient, type RestClient } from "../../e2e/rest-client.ts";
import { tinyNetwork } from "../../formats/onnx/tiny-network.ts";
import { ask, type Clients, connectClients, refusalOf } from "../../grpc/clients.ts";
import { finishJob, iris, startTestService, type TestService } from "../service.ts";

let service: TestService;
let rest: RestClient;
let clients: Clients;
let caller: Caller;
let dataset: string;
const models: Model[] = [];

const put = (name: string, model: string, headers: Record<string, string> = {}) =>
  rest.call<Alias & Problem>(`/v1/aliases/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model }),
  });
const remove = (path: string, headers: Record<string, string> = {}) =>
  rest.call<Problem>(path, { method: "DELETE", headers });
const get = async <T>(path: string): Promise<T> => (await rest.call<T>(path)).body;

const train = async (base?: string): Promise<Model> => {
  const spec = { dataset, name: "flowers", task: { type: "classification", label: "species" } };
  const { job } = await submitJob(service.deps, caller, {
    spec: base === undefined ? spec : { ...spec, base: { model: base } },
  });
  return finishJob(service, job);
};

beforeAll(async () => {
  service = await startTestService();
  rest = createRestClient(service.url);
  clients = connectClients(service.grpcAddress);
  caller = await admitEveryone("putAlias", undefined, "");
  dataset = (await rest.upload("iris", iris)).id;
  for (let i = 0; i < 3; i++) models.push(await train());
});
afterAll(async () => {
  clients.close();
  await service.close();
});

describe("aliases", () => {
  it("are made, moved in one step, read with an entity tag, and keep their history", async () => {
    const made = await put("production", models[0]!.id);
    expect([made.status, made.headers.get("etag")]).toEqual([201, `"${made.body.revision}"`]);
    expect((await get<Model>("/v1/models/production")).id).toBe(models[0]!.id);
    const moved = await put("production", models[1]!.id);
    expect(moved).toMatchObject({ status: 200, body: { model: models[1]!.id, createdAt: made.body.createdAt } });
    expect((await put("production", models[1]!.id)).body).toEqual(moved.body);
    expect((await get<Model>("/v1/models/production")).id).toBe(models[1]!.id);
    const { items } = await get<{ items: AliasChange[] }>("/v1/aliases/production/history");
    expect(items.map(({ model, by }) => [model, by])).toEqual([
      [models[1]!.id, null],
      [models[0]!.id, null],
    ]);
    expect(items[0]!.revision).toBe(moved.body.revision);
    expect(await ask(clients.aliases, clients.aliases.getAlias, { name: "production" })).toEqual(moved.body);
    const page = await ask(clients.aliases, clients.aliases.listAliases, {});
    expect(page.items).toEqual([moved.body]);
  });

  it("are changed under a condition only as their caller has seen them, whoever is first", async () => {
    const tag = (await rest.call("/v1/aliases/production")).headers.get("etag")!;
    const racers = await Promise.all([0, 2].map((i) => put("production", models[i]!.id, { "if-match": tag })));
    expect(racers.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect(racers.find(({ status }) => status === 412)!.body).toMatchObject({ code: "precondition_failed" });
    expect((await put("production", models[0]!.id, { "if-none-match": "*" })).status).toBe(412);
    expect((await put("other", models[0]!.id, { "if-match": "*" })).status).toBe(412);
    expect((await put("other", models[0]!.id, { "if-match": "W/production" })).status).toBe(400);
    const stale = {
      name: "production",
      model: models[1]!.id,
      condition: { kind: { $case: "revision" as const, value: 1 } },
    };
    expect((await refusalOf(ask(clients.aliases, clients.aliases.putAlias, stale))).status).toBe("ABORTED");
  });

  it("name what exists, by a name that may be one", async () => {
    const nobody = `mdl_${"0".repeat(26)}`;
    expect((await put("ghost", nobody)).body.errors).toEqual([
      { pointer: "/model", detail: `There is no model ${nobody}` },
    ]);
    expect((await put("Ghost", models[0]!.id)).body.errors[0]!.pointer).toBe("/name");
    expect((await rest.call("/v1/aliases/ghost")).status).toBe(404);
    expect((await rest.call("/v1/aliases/ghost/history")).status).toBe(404);
    await put("mirror", "production");
    expect((await get<Alias>("/v1/aliases/mirror")).model).toBe((await get<Alias>("/v1/aliases/production")).model);
  });

  it("stand wherever an id may, and a job records the model that they meant", async () => {
    const { model } = await get<Alias>("/v1/aliases/production");
    for (const path of ["", "/report", "/lineage"])
      expect((await rest.call(`/v1/models/production${path}`)).status).toBe(200);
    expect((await fetch(`${service.url}/v1/models/production/weights`)).status).toBe(200);
    expect((await rest.predict("production", [{ sepal_length: 5, sepal_width: 3 }])).predictions).toHaveLength(1);
    const spec = { dataset, task: { type: "classification", label: "species" }, base: { model: "production" } };
    const { job } = await submitJob(service.deps, caller, { spec });
    expect(job.spec.base?.model).toBe(model);
    await put("production", models.find(({ id }) => id !== model)!.id);
    expect((await rest.job(job.id)).spec.base?.model).toBe(model);
    await rest.act(job.id, "cancel");
  });

  it("keep their model from deletion", async () => {
    const { model } = await get<Alias>("/v1/aliases/production");
    const refused = await remove(`/v1/models/${model}`);
    expect(refused).toMatchObject({ status: 409, body: { code: "in_use" } });
    expect(refused.body.detail).toMatch(/alias/);
  });

  it("come back from their manifests when Redis was lost; deleted ones do not", async () => {
    await put("short", models[0]!.id);
    expect((await remove("/v1/aliases/short")).status).toBe(204);
    expect((await remove("/v1/aliases/short")).status).toBe(404);
    const [before, history] = [await get("/v1/aliases"), await get("/v1/aliases/production/history")];
    const manifests = await service.deps.artifacts.list(artifactKeys.aliases(defaultTenant));
    expect(new Set(manifests.map((key) => key.split("/")[2]))).toEqual(new Set(["production", "mirror", "short"]));
    expect(manifests).toHaveLength(3);
    const redis = new Redis(service.redis.url);
    await redis.flushall();
    redis.disconnect();
    expect((await reindex(service.deps)).aliases).toBe(2);
    expect([await get("/v1/aliases"), await get("/v1/aliases/production/history")]).toEqual([before, history]);
    expect((await rest.call("/v1/aliases/short")).status).toBe(404);
    const again = await put("short", models[0]!.id);
    expect(again.body.revision).toBeGreaterThan((await get<Alias>("/v1/aliases/production")).revision);
    expect((await get<{ items: unknown[] }>("/v1/aliases/short/history")).items).toHaveLength(3);
  });

  it("are forgotten a day after their deletion, with their files", async () => {
    expect((await remove("/v1/aliases/short")).status).toBe(204);
    const tomorrow = { ...service.deps, now: () => new Date(Date.now() + 2 * 86_400_000) };
    await applyRetention(service.deps, null);
    expect((await rest.call("/v1/aliases/short/history")).status).toBe(200);
    await applyRetention(tomorrow, null);
    expect((await rest.call("/v1/aliases/short/history")).status).toBe(404);
    expect(await service.deps.artifacts.list(`${artifactKeys.aliases(defaultTenant)}short/`)).toEqual([]);
  });

  it("keep a bounded history", async () => {
    for (let i = 0; i < limits.aliasHistory + 10; i++)
      await service.deps.catalogue.changeAlias(defaultTenant, {
        ...{ name: "busy", model: models[i % 2]!.id, at: new Date().toISOString(), by: "key", condition: null },
      });
    const { items } = await get<{ items: AliasChange[] }>("/v1/aliases/busy/history");
    expect(items).toHaveLength(limits.aliasHistory);
    expect(items[0]!.by).toBe("key");
  });
});

describe("versions", () => {
  it("count the models of one name, whoever made them, and never come again", async () => {
    expect((await get<{ items: Model[] }>("/v1/models")).items.map(({ version }) => version)).toEqual([3, 2, 1]);
    const imported = await rest.call<AnyModel>("/v1/models?name=flowers", {
      method: "POST",
      headers: { "content-type": "application/onnx" },
      body: tinyNetwork(),
    });
    expect(imported.body.version).toBe(4);
    expect((await remove(`/v1/models/${imported.body.id}`)).status).toBe(204);
    expect((await get<Model>(`/v1/models/${(await train()).id}`)).version).toBe(5);
    const listed = await service.deps.catalogue.versions(defaultTenant, "flowers", null);
    expect(listed.map(({ version }) => version)).toEqual([1, 2, 3, 5]);
    expect(await service.deps.catalogue.versions(defaultTenant, "flowers", 4)).toEqual([]);
  });
});

/** What the fields of a message say of JSON: neither null nor empty lists. */
const withoutNothing = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each) =>
      each === null || (Array.isArray(each) && each.length === 0) ? undefined : each,
    ),
  );

describe("lineage", () => {
  it("is a tree in both directions, with the jobs that are under way", async () => {
    const root = models[2]!.id;
    const child = await train(root);
    // The test's trainer makes models without a base: what a real one writes is recorded instead.
    await service.deps.catalogue.addModel(defaultTenant, {
      ...(await get<Model>(`/v1/models/${child.id}`)),
      base: root,
    });
    const { job } = await submitJob(service.deps, caller, {
      spec: { dataset, task: { type: "classification", label: "species" }, base: { model: child.id } },
    });
    const ofChild = await get<Lineage>(`/v1/models/${child.id}/lineage`);
    expect(ofChild.ancestors).toMatchObject([{ id: root, dataset: { id: dataset, name: "iris", rows: 40 } }]);
    expect(ofChild.model).toMatchObject({ id: child.id, job: child.job, jobs: [{ id: job.id, state: "queued" }] });
    const ofRoot = await get<Lineage>(`/v1/models/${root}/lineage`);
    expect(ofRoot).toMatchObject({ ancestors: [], model: { descendants: [{ id: child.id, jobs: [{ id: job.id }] }] } });
    const { lineage } = await ask(clients.models, clients.models.getModelLineage, { id: root });
    const { fields, ...typed } = lineage!;
    expect(fields).toEqual(JSON.parse(JSON.stringify(ofRoot)));
    expect(fromWire(modelShapes.lineage, typed, "")).toEqual(withoutNothing(ofRoot));
    expect((await remove(`/v1/models/${root}`)).body).toMatchObject({
      code: "in_use",
      detail: expect.stringContaining(child.id),
    });
    expect((await remove(`/v1/models/${child.id}`)).body).toMatchObject({
      code: "in_use",
      detail: expect.stringContaining(job.id),
    });
    expect((await remove(`/v1/datasets/${dataset}`)).body).toMatchObject({ code: "in_use" });
  });
});
