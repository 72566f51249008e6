import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import type { Problem } from "../../../src/domain/errors.ts";
import type { Job } from "../../../src/domain/jobs/job.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { decodeManifest } from "../../../src/store/artifacts/manifest-file.ts";
import { datasetOfJob } from "../../../src/store/dataset-version.ts";
import { reindex } from "../../../src/usecases/upkeep/reindex.ts";
import { ask, type Clients, connectClients } from "../../grpc/clients.ts";
import { startTestService, type TestService } from "../service.ts";

let service: TestService;
let clients: Clients;
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
});
afterAll(async () => {
  clients.close();
  await service.close();
});

type Answer = { status: number; body: Dataset & Job & Problem };
const send = async (method: string, path: string, body?: string, type = "application/json"): Promise<Answer> => {
  const sent = { method, headers: { "content-type": type }, ...(body === undefined ? {} : { body }) };
  const response = await fetch(`${service.url}${path}`, sent);
  return { status: response.status, body: (await response.json()) as Answer["body"] };
};
const patch = (id: string, body: unknown): Promise<Answer> => send("PATCH", `/v1/datasets/${id}`, JSON.stringify(body));
const types = ({ columns }: Dataset): string[] => columns.map(({ type }) => type);

const day = (i: number): string => new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);
const csv = `code,sold,kind,y\n${Array.from({ length: 40 }, (_, i) => `${i % 4},${day(i)},k${i % 3},${(i * 7) % 11}`).join("\n")}\n`;
const upload = async (query = ""): Promise<Dataset> =>
  (await send("POST", `/v1/datasets?name=sales${query}`, csv, "text/csv")).body;
const manifestOf = async ({ id }: Dataset): Promise<unknown> =>
  decodeManifest(await service.deps.artifacts.readBytes(artifactKeys.datasetManifest("default", id)), id);

test("types change without another upload, those of other columns stay, and null takes a change back", async () => {
  const dataset = await upload(`&types=${encodeURIComponent('{"kind":"text"}')}`);
  expect(types(dataset)).toEqual(["number", "datetime", "text", "number"]);
  const { status, body } = await patch(dataset.id, { types: { code: "category", sold: "category" } });
  expect([status, types(body), body.version]).toEqual([200, ["category", "category", "text", "number"], 2]);
  expect(body.types).toEqual({ kind: "text", code: "category", sold: "category" });
  expect(body.columns[0]?.distinct).toBe(4);
  expect(body.sha256).toBe(dataset.sha256);
  expect(await manifestOf(dataset)).toEqual(body);
  const back = await patch(dataset.id, { types: { sold: null } });
  expect([types(back.body), back.body.version]).toEqual([["category", "datetime", "text", "number"], 3]);
  const named = await patch(dataset.id, { name: "sales of 2024", labels: { team: "north" } });
  expect(named.body).toMatchObject({ name: "sales of 2024", labels: { team: "north" }, version: 3 });
  expect((await patch(dataset.id, { types: {} })).body).toEqual(named.body);
});

test("dates stay in the order that was stated at the upload, as rows are told", async () => {
  const dated = `at,y\n01/03/2026,1\n26/02/2026,2\n05/03/2026,3\n`;
  const at = async (query: string) => (await send("POST", `/v1/datasets?${query}`, dated, "text/csv")).body;
  const plain = await at("name=plain");
  expect(plain.columns[0]).toMatchObject({
    type: "category",
    notes: [{ code: "ambiguous_dates", message: expect.stringMatching(/goes up to 26: .* \?dates=day_first$/) }],
  });
  expect((await at("dates=dmy")).errors[0]?.pointer).toBe("/query/dates");
  const dates = { earliest: "2026-02-26", latest: "2026-03-05", cycles: [] };
  const dataset = await at("dates=day_first");
  expect(dataset).toMatchObject({ dates: "day_first", columns: [{ type: "datetime", dates }, {}] });
  const { body } = await patch(dataset.id, { types: { at: "category", y: "category" } });
  expect([types(body), body.dates]).toEqual([["category", "category"], "day_first"]);
  const back = await patch(dataset.id, { types: { at: "datetime" } });
  expect(back.body).toMatchObject({ dates: "day_first", columns: [{ type: "datetime", dates }, {}] });
  expect(await manifestOf(dataset)).toEqual(back.body);
  const page = await send("GET", `/v1/datasets/${dataset.id}/rows?limit=2`);
  expect(page.body).toMatchObject({ rows: [{ at: "2026-03-01" }, { at: "2026-02-26" }] });
});

test("the same over gRPC, where an unspecified type is one to be inferred again", async () => {
  const dataset = await upload();
  const update = (change: {
    types?: Record<string, 0 | 2>;
    name?: string;
    labels?: { values: Record<string, string> };
  }) => ask(clients.datasets, clients.datasets.updateDataset, { id: dataset.id, types: {}, ...change });
  const changed = await update({ types: { code: 2 }, labels: { values: { team: "north" } } });
  expect(changed).toMatchObject({ version: 2, types: { code: 2 }, labels: { team: "north" } });
  expect(changed.columns[0]?.type).toBe(2);
  const back = await update({ types: { code: 0 } });
  expect([back.columns[0]?.type, back.types, back.labels]).toEqual([1, {}, { team: "north" }]);
  expect((await update({ labels: { values: {} } })).labels).toEqual({});
});

test("jobs that were planned keep the types of their plan, and so does what is told of their rows", async () => {
  const dataset = await upload();
  const spec = JSON.stringify({ dataset: dataset.id, task: { type: "regression", label: "y" } });
  const before = (await send("POST", "/v1/jobs", spec)).body;
  expect(before.plan.datasetVersion).toBeUndefined();
  await patch(dataset.id, { types: { sold: "category", y: "category" } });
  const after = (await send("POST", "/v1/jobs", spec.replace("regression", "classification"))).body;
  expect(after.plan.datasetVersion).toBe(2);
  expect(await datasetOfJob(service.deps, "default", before)).toEqual(dataset);
  expect(types(await datasetOfJob(service.deps, "default", after))).toEqual([
    "number",
    "category",
    "category",
    "category",
  ]);
  for (const job of [before, after]) {
    const rows = await fetch(`${service.url}/v1/jobs/${job.id}/rows`);
    expect((await rows.text()).trim().split("\n")).toHaveLength(41);
  }
});

test("what cannot be is refused with its place, and changes nothing", async () => {
  const dataset = await upload();
  const refused = async (body: unknown, status: number, detail: RegExp): Promise<void> => {
    const answer = await patch(dataset.id, body);
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(detail)]);
  };
  await refused({ types: { kind: "number" } }, 400, /line 2.*"k0" is not a finite number/);
  await refused({ types: { kind: "boolean" } }, 400, /line 2.*"k0" is no truth value/);
  await refused({ types: { kind: "datetime" } }, 400, /line 2.*"k0" is no date or time/);
  await refused({ types: { kin: "text" } }, 422, /no column "kin"/);
  await refused({ types: { kind: "image" } }, 422, /must be one of/);
  await refused({}, 422, /state what is to be changed/);
  await refused({ title: "x" }, 422, /unknown key/);
  expect((await patch("ds_01JD0000000000000000000000", { name: "x" })).status).toBe(404);
  expect((await send("GET", `/v1/datasets/${dataset.id}`)).body).toEqual(dataset);
});

test("a data set of before this version keeps what its columns were read as", async () => {
  const dataset = await upload();
  const old = { ...dataset, columns: dataset.columns.map((column) => ({ ...column })) };
  old.columns[1] = { ...old.columns[1]!, type: "category" };
  await service.deps.catalogue.changeDataset("default", dataset.id, () => old);
  const { body } = await patch(dataset.id, { types: { code: "category" } });
  expect(types(body)).toEqual(["category", "category", "category", "number"]);
  expect(body.types).toEqual({ code: "category", sold: "category" });
});

test("a change whose manifest was not written any more survives a reindex, which writes it", async () => {
  const dataset = await upload();
  const manifest = artifactKeys.datasetManifest("default", dataset.id);
  const before = await service.deps.artifacts.readBytes(manifest);
  const { body } = await patch(dataset.id, { types: { code: "category" } });
  await service.deps.artifacts.write(manifest, before);
  await reindex(service.deps);
  expect((await send("GET", `/v1/datasets/${dataset.id}`)).body).toEqual(body);
  expect(await manifestOf(dataset)).toEqual(body);
});

test("two changes at once: one is made, the other told", async () => {
  const dataset = await upload();
  const answers = await Promise.all(
    ["number", "text", "category"].map((type) => patch(dataset.id, { types: { code: type } })),
  );
  const made = answers.filter(({ status }) => status === 200);
  expect(made.length).toBeGreaterThan(0);
  for (const { status } of answers) expect([200, 412]).toContain(status);
  const last = (await send("GET", `/v1/datasets/${dataset.id}`)).body;
  expect(last.version).toBe(1 + made.length);
  expect(await manifestOf(dataset)).toEqual(last);
});
