import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import type { JobSpec } from "../../src/grpc/generated/descent/v1/job_spec.ts";
import { ask, type Clients, connectClients, refusalOf, uploadFile } from "../grpc/clients.ts";
import { partsOf } from "../grpc/parts.ts";
import { createRestClient, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";
import { type HealthProber, healthMs, startHealthProber } from "./slowest-health.ts";

const columns = limits.columns;
/** With these names the header, and a spec that names them all, have nearly the bytes that they may have. */
const names = Array.from({ length: columns - 1 }, (_, i) => `gene_${i}_`.padEnd(58, "x"));
/** Every other column is one of texts, whose values the record counts. */
const cellOf = (i: number, n: number) => (i % 2 ? `expressed_${(i + n) % 3}` : ((i * 7 + n * 13) % 97) / 10);
const rowOf = (n: number) => `${names.map((_, i) => cellOf(i, n)).join(",")},${n % 2 ? "ill" : "well"}`;
const table = `${names.join(",")},state\n${Array.from({ length: 20 }, (_, n) => rowOf(n)).join("\n")}\n`;
/** As many bytes in a message as it may have, and a table that needs eight such. */
const chunkBytes = limits.grpcMessageBytes - 1024;
const long = `a,b,c,d\n${"1.25,red,3,-0.5\n".repeat(2_000_000)}`;
const task = { type: "classification", label: "state" };

let folder = "";
let service: Service;
let client: RestClient;
let clients: Clients;
let prober: HealthProber;
let dataset = "";

beforeAll(async () => {
  folder = await createDataDir();
  service = await startService(folder, { WORKERS: "0" });
  client = createRestClient(service.url);
  clients = connectClients(service.grpc.replace(/^.*:\/\//, ""), undefined, {
    "grpc.max_receive_message_length": -1,
  });
  prober = await startHealthProber(service);
  dataset = (await client.upload("widest", table)).id;
});
afterAll(async () => {
  await prober.close();
  clients.close();
  await service.stop();
  await removeDataDir(folder);
});

const post = async (path: string, content: unknown, statuses: readonly number[]): Promise<void> => {
  const { status } = await client.post(path, content);
  expect(statuses).toContain(status);
};
const many = (count: number, name: (i: number) => string): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), 1]));
const spec = (changes: object = {}) => ({ dataset, task, model: { type: "softmax" }, ...changes });
const check = "/v1/jobs?validateOnly=true";

const overRest: [string, () => Promise<unknown>][] = [
  ["an upload", () => client.upload("again", table)],
  ["its record", () => client.call(`/v1/datasets/${dataset}`)],
  ["a list of records", () => client.call("/v1/datasets?pageSize=100")],
  ["its rows", () => client.call(`/v1/datasets/${dataset}/rows?limit=1000`)],
  ["a valid job", () => post(check, spec(), [200])],
  ["a valid job that names every feature", () => post(check, spec({ task: { ...task, features: names } }), [200])],
  [
    "a job of unknown features",
    () => post(check, spec({ task: { ...task, features: names.map((n) => `y${n.slice(1)}`) } }), [422]),
  ],
  ["an unknown label", () => post(check, spec({ task: { ...task, label: "stat" } }), [422])],
  [
    "unknown class weights",
    () => post(check, spec({ loss: { type: "cross_entropy", classWeights: many(1000, (i) => `gene${i}`) } }), [422]),
  ],
  ["unknown keys", () => post(check, spec(many(60_000, (i) => `gene${i}`)), [422])],
  ["features of another type", () => post(check, spec({ task: { ...task, features: names.map(() => 1) } }), [422])],
  ["a body four times as large as it may be", () => post(check, spec({ name: "x".repeat(4 * 1024 ** 2) }), [413])],
  ["a submission", () => post("/v1/jobs", spec(), [202])],
  ["a list of jobs", () => client.call("/v1/jobs?pageSize=100")],
];

/** The same spec as a message. */
const message = (features: string[] = []): JobSpec => ({
  ...{ dataset, task: { ...task, features, exclude: [] }, labels: {} },
  ...partsOf({ model: { type: "softmax" } }, "typed"),
  ...{ name: undefined, loss: undefined, optimizer: undefined, training: undefined },
  ...{ base: undefined, resources: undefined, webhook: undefined },
});

const overGrpc: [string, () => Promise<unknown>][] = [
  ["an upload", () => uploadFile(clients, table)],
  ["an upload in chunks of nearly 4 MiB", () => uploadFile(clients, long, {}, undefined, chunkBytes)],
  ["its record", () => ask(clients.datasets, clients.datasets.getDataset, { id: dataset })],
  ["a list of records", () => ask(clients.datasets, clients.datasets.listDatasets, { pageSize: 100 })],
  ["its rows", () => ask(clients.datasets, clients.datasets.listDatasetRows, { id: dataset, limit: 1000 })],
  ["a valid job", () => ask(clients.jobs, clients.jobs.validateJob, { spec: message() })],
  ["a valid job that names every feature", () => ask(clients.jobs, clients.jobs.validateJob, { spec: message(names) })],
  [
    "a job of unknown features",
    async () => {
      const unknown = names.map((name) => `y${name.slice(1)}`);
      const refused = refusalOf(ask(clients.jobs, clients.jobs.validateJob, { spec: message(unknown) }));
      expect((await refused).status).toBe("INVALID_ARGUMENT");
    },
  ],
  [
    "a submission",
    () => ask(clients.jobs, clients.jobs.submitJob, { spec: message(names), idempotencyKey: undefined }),
  ],
  [
    "a message larger than it may be",
    async () => {
      const model = { type: "softmax", ...many(150_000, (i) => `${i}`) };
      const refused = refusalOf(
        ask(clients.jobs, clients.jobs.validateJob, { spec: { ...message(), ...partsOf({ model }, "struct") } }),
      );
      expect((await refused).problem.code).toBe("too_large");
    },
  ],
  ["a list of jobs", () => ask(clients.jobs, clients.jobs.listJobs, { state: 0, pageSize: 100 })],
];

describe.each([
  ["REST", overRest],
  ["gRPC", overGrpc],
])("beside the widest table that is allowed, over %s", (_, operations) => {
  test.each(operations)("%s leaves health its turn", async (_name, work) => {
    expect(await prober.slowestBeside(work)).toBeLessThan(healthMs);
  });
});
