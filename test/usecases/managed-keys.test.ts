import { createHash } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CreatedKey, Tenant } from "../../src/domain/access/tenant.ts";
import type { AuditEntry, Usage } from "../../src/domain/access/usage.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import { artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { admitKeys, keyInForce } from "../../src/usecases/access/admit-keys.ts";
import { noteAccess } from "../../src/usecases/access/note-access.ts";
import type { Admit } from "../../src/usecases/admission/caller.ts";
import type { OnFinished } from "../../src/usecases/admission/finished-request.ts";
import { reindex } from "../../src/usecases/upkeep/reindex.ts";
import { sweepOrphans } from "../../src/usecases/upkeep/sweep-orphans.ts";
import { runDescent } from "../e2e/service.ts";
import { ask, type Clients, connectClients, refusalOf } from "../grpc/clients.ts";
import { specFor } from "../rest/client.ts";
import { emptyRedis, redisClockMoves } from "./redis.ts";
import { finishJob, iris, startTestService, type TestService } from "./service.ts";

const operator = { id: "root", tenant: "ops", scopes: ["operator", "read"] as const };
const operatorSecret = "dsc_operator";

let service: TestService;
let clients: Clients;
let admit: Admit;
let note: OnFinished = () => {};
/** The service's clock stands still unless the test turns it. */
const startMs = Date.now();
let aheadMs = 0;
const now = () => new Date(startMs + aheadMs);
const patience = { timeout: 30_000 };
const aDozenProcesses = { timeout: 240_000 };

const file = {
  find: (hash: Buffer) => (hash.equals(createHash("sha256").update(operatorSecret).digest()) ? operator : null),
  byId: (tenant: string, id: string) => (tenant === operator.tenant && id === operator.id ? operator : null),
};

beforeAll(async () => {
  service = await startTestService({
    admit: (...request) => admit(...request),
    onFinished: (request) => note(request),
    deps: (plain) => ({ ...plain, now }),
  });
  const { access } = service.deps;
  admit = admitKeys({ access, now, file });
  note = noteAccess({ ...service.deps, now });
  clients = connectClients(service.grpcAddress);
});
afterAll(async () => {
  clients?.close();
  await service?.close();
});

const call = (
  path: string,
  {
    secret = operatorSecret,
    method = "GET",
    body,
    type = "application/json",
  }: {
    secret?: string;
    method?: string;
    body?: unknown;
    type?: string;
  } = {},
) =>
  fetch(`${service.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, ...(body === undefined ? {} : { "content-type": type }) },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
const json = async <T>(answer: Promise<Response>): Promise<T> => (await answer).json() as Promise<T>;
const statusOf = async (secret: string, path = "/jobs") => (await call(path, { secret })).status;
const createKey = (tenant: string, body: object) =>
  json<CreatedKey>(call(`/tenants/${tenant}/keys`, { method: "POST", body }));
const put = (tenant: string, body: object = {}) => json<Tenant>(call(`/tenants/${tenant}`, { method: "PUT", body }));

describe("keys that the admin API makes", () => {
  it("open their tenant with their scopes; the secret is told once and stored as a hash", async () => {
    expect((await call("/tenants/acme/keys", { method: "POST", body: { id: "ci" } })).status).toBe(404);
    await put("acme");
    const { secret, ...key } = await createKey("acme", { id: "ci", scopes: ["read"] });
    expect(secret).toMatch(/^dsc_[\w-]{43}$/);
    expect(key).toMatchObject({ id: "ci", scopes: ["read"], expiresAt: null, secrets: 1 });
    expect(await statusOf(secret)).toBe(200);
    expect((await call("/datasets", { secret, method: "POST", body: iris, type: "text/csv" })).status).toBe(403);
    const shown = await (await call("/tenants/acme")).text();
    expect(shown).toContain('"ci"');
    const stored = JSON.stringify(await service.deps.access.tenant("acme"));
    const [manifest = ""] = await service.deps.artifacts.list(artifactKeys.accessFiles("acme"));
    const kept = Buffer.from(await service.deps.artifacts.readBytes(manifest)).toString();
    const hash = createHash("sha256").update(secret).digest("hex");
    for (const text of [stored, kept]) expect(text).toContain(hash);
    for (const text of [shown, stored, kept]) expect(text).not.toContain(secret.slice(4));
    expect(shown).not.toContain(hash);
    const again = await call("/tenants/acme/keys", { method: "POST", body: { id: "ci" } });
    expect(await again.json()).toMatchObject({ code: "invalid", errors: [{ pointer: "/id" }] });
    const wide = await call("/tenants/acme/keys", { method: "POST", body: { id: "x", scopes: ["operator"] } });
    expect(wide.status).toBe(422);
  });

  it("are rotated with an overlap, expire, and are revoked from the next request on; so are their event tokens", async () => {
    const { secret: first } = await createKey("acme", { id: "app" });
    const rotate = () =>
      json<CreatedKey>(call("/tenants/acme/keys/app/rotate", { method: "POST", body: { overlapSeconds: 60 } }));
    const second = await rotate();
    expect(second.secrets).toBe(2);
    const open = async () => [await statusOf(first), await statusOf(second.secret)];
    expect(await open()).toEqual([200, 200]);
    aheadMs += 61_000;
    expect(await open()).toEqual([401, 200]);
    const inForce = keyInForce({ access: service.deps.access, now, file });
    expect(await inForce("acme", "app")).toBe(true);
    const { secret: brief } = await createKey("acme", {
      id: "brief",
      expiresAt: new Date(now().getTime() + 30_000).toISOString(),
    });
    expect(await statusOf(brief)).toBe(200);
    aheadMs += 31_000;
    expect(await statusOf(brief)).toBe(401);
    expect((await call("/tenants/acme/keys/app", { method: "DELETE" })).status).toBe(204);
    expect(await open()).toEqual([401, 401]);
    expect(await inForce("acme", "app")).toBe(false);
    expect((await call("/tenants/acme/keys/app", { method: "DELETE" })).status).toBe(404);
  });

  it("are refused while their tenant is suspended", async () => {
    await put("gone");
    const { secret } = await createKey("gone", { id: "k" });
    await put("gone", { suspended: true });
    expect(await statusOf(secret)).toBe(403);
    await put("gone");
    expect(await statusOf(secret)).toBe(200);
  });

  it("all hold when many change at the same time", async () => {
    await put("busy");
    const made = await Promise.all(Array.from({ length: 5 }, (_, i) => createKey("busy", { id: `k${i}` })));
    for (const { secret } of made) expect(await statusOf(secret)).toBe(200);
  });

  it("come back with a reindex after Redis was lost, and a manifest that is missing with the sweep", async () => {
    const { secret } = await createKey("acme", { id: "lasting" });
    await service.deps.artifacts.remove(artifactKeys.accessFiles("acme"));
    await sweepOrphans(service.deps, "acme");
    const before = await json<Tenant>(call("/tenants/acme"));
    await emptyRedis(service.redis.url);
    expect(await statusOf(secret)).toBe(401);
    expect((await reindex(service.deps)).tenants).toBe(3);
    expect(await statusOf(secret)).toBe(200);
    expect(await json<Tenant>(call("/tenants/acme"))).toEqual(before);
    expect((await reindex(service.deps)).tenants).toBe(0);
  });
});

describe("a tenant's limits, usage and deeds", () => {
  it("are its own: quotas and what it used, over both surfaces", async () => {
    const limited = await put("small", { quotas: { queuedJobs: 1, storedBytes: null } });
    expect(limited.quotas).toEqual({ queuedJobs: 1, storedBytes: null });
    const { secret } = await createKey("small", { id: "k", scopes: ["read", "submit"] });
    const dataset = await json<{ id: string }>(
      call("/datasets", { secret, method: "POST", body: iris, type: "text/csv" }),
    );
    const submit = () => call("/jobs", { secret, method: "POST", body: specFor(dataset as never) });
    const job = (await (await submit()).json()) as Job;
    const refused = await submit();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
    const model = await finishJob(service, job, "small");
    const row = { sepal_length: 5, sepal_width: 3 };
    await (await call(`/models/${model.id}/predict`, { secret, method: "POST", body: { rows: [row] } })).arrayBuffer();
    const usage = async () => json<Usage>(call("/tenants/small/usage"));
    await expect.poll(async () => (await usage()).predictions, patience).toBe(1);
    const used = await usage();
    expect(used).toMatchObject({ tenant: "small", jobs: 1, predictedRows: 0 });
    expect(used.days.reduce((sum, { computeSeconds }) => sum + computeSeconds, 0)).toBeCloseTo(used.computeSeconds, 6);
    expect(used.storedBytes).toBeGreaterThan(iris.length);
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${operatorSecret}`);
    const { access } = clients;
    expect(await ask(access, access.getUsage, { tenant: "small" }, metadata)).toEqual(used);
    const tenant = await ask(access, access.getTenant, { id: "small" }, metadata);
    expect(tenant.quotas).toEqual({ queuedJobs: 1, runningJobs: undefined, storedBytes: -1 });
    metadata.set("authorization", `Bearer ${secret}`);
    const { status } = await refusalOf(ask(access, access.getTenant, { id: "small" }, metadata));
    expect(status).toBe("PERMISSION_DENIED");
    expect((await call("/tenants/small/usage?from=2026-01-02&to=2026-01-01")).status).toBe(422);
  });

  it("count the time that a trainer holds a job, each attempt once", async () => {
    const seconds = async () => (await json<Usage>(call("/tenants/small/usage"))).computeSeconds;
    const { jobs } = service.deps;
    const { items } = await jobs.list("small", { pageSize: 1, pageToken: null }, null);
    const { spec, plan } = items[0]!;
    const id = service.deps.createId("job");
    const at = now().toISOString();
    await jobs.create({ ...{ tenant: "small", id, spec, plan, createdAt: at }, idempotency: null, quota: null });
    const before = await seconds();
    const { fence } = (await jobs.claim("small", id, "test", at))!;
    await redisClockMoves(service.redis.url, 5);
    expect(await seconds()).toBe(before);
    await jobs.release(fence, "queued", "handed back", at);
    const held = await seconds();
    expect(held - before).toBeGreaterThan(0.0049);
    await jobs.release(fence, "queued", "handed back", at);
    await jobs.requestCancel("small", id, at);
    expect(await seconds()).toBe(held);
  });

  it("are noted: who changed what, and what was refused; looking is not", async () => {
    const log = async () => json<{ items: AuditEntry[] }>(call("/audit?pageSize=100"));
    const ofSmall = async () =>
      (await log()).items
        .filter(({ tenant }) => tenant === "small")
        .map(({ operation, status }) => [operation, status]);
    await expect.poll(ofSmall, patience).toEqual([
      ["submitJob", "429"],
      ["submitJob", "202"],
      ["uploadDataset", "201"],
    ]);
    expect((await log()).items.filter(({ operation }) => /^(get|list)/.test(operation))).toEqual([]);
    const [newest] = (await log()).items.filter(({ operation }) => operation === "createKey");
    expect(newest).toMatchObject({ tenant: "ops", key: "root", surface: "rest", status: "201", resource: "small" });
  });
});

const descent = (argv: string[]) => runDescent(argv, { DESCENT_URL: service.url, DESCENT_API_KEY: operatorSecret });

it(
  "the command line records tenants, sets limits, makes and rotates keys, and shows usage and the audit log",
  aDozenProcesses,
  async () => {
    const told = async (argv: string[]) => JSON.parse((await descent([...argv, "--json"])).output);
    const tenants = (...argv: string[]) => told(["tenants", ...argv]);
    const made = await tenants(
      "create",
      "north",
      "--queued-jobs",
      "5",
      "--rate",
      "read=10:20",
      "--rate",
      "predict=1.5:3",
    );
    expect(made).toMatchObject({ id: "north", suspended: false, quotas: { queuedJobs: 5 } });
    expect(made.rates).toEqual({ read: { perSecond: 10, burst: 20 }, predict: { perSecond: 1.5, burst: 3 } });
    expect((await descent(["tenants", "create", "north"])).errors).toContain("there is a tenant north already");
    const limited = ["limit", "north", "--stored-bytes", "any", "--queued-jobs", "default", "--rate", "read=default"];
    const changed = await tenants(...limited, "--suspend");
    expect(changed).toMatchObject({ suspended: true, quotas: { storedBytes: null }, rates: { predict: { burst: 3 } } });
    expect([changed.quotas.queuedJobs, changed.rates.read]).toEqual([undefined, undefined]);
    expect(await tenants("limit", "north", "--resume")).toMatchObject({
      suspended: false,
      quotas: { storedBytes: null },
    });
    for (const argv of [
      ["limit", "north"],
      ["limit", "north", "--queued-jobs", "-1"],
      ["limit", "north", "--rate", "all=1:2"],
    ]) {
      const { code, errors } = await descent(["tenants", ...argv]);
      expect([code, errors]).toEqual([
        1,
        expect.stringMatching(/name a limit|whole number|read, predict, submit or admin/),
      ]);
    }
    const shown = await descent(["tenants", "create-key", "north", "backend", "--scopes", "read,admin"]);
    expect([shown.code, shown.output, shown.errors]).toEqual([
      0,
      expect.stringMatching(/^dsc_\S+\n$/),
      expect.stringContaining("Keep it now"),
    ]);
    const rotated = await tenants("rotate-key", "north", "backend", "--overlap", "60");
    expect(rotated).toMatchObject({ id: "backend", scopes: ["read", "admin"], secrets: 2 });
    expect((await descent(["tenants", "north"])).output).toMatch(/^backend +read,admin .* 2$/m);
    expect(await tenants("revoke-key", "north", "backend")).toEqual({ tenant: "north", revoked: "backend" });
    expect((await tenants()).map(({ id }: { id: string }) => id)).toContain("north");
    expect(await tenants("usage", "north", "--from", "2026-01-01", "--to", "2026-01-02")).toMatchObject({
      jobs: 0,
      days: [],
    });
    expect((await descent(["tenants", "usage", "small"])).output).toMatch(/^in all +[\d.]+ +\d+ +\d+ +\d+$/m);
    const audit = await tenants("audit", "--limit", "100");
    expect(audit.map(({ operation }: { operation: string }) => operation)).toEqual(
      expect.arrayContaining(["putTenant", "createKey", "rotateKey", "revokeKey"]),
    );
  },
);
