import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { ImportFormat } from "../../src/grpc/generated/descent/v1/models.ts";
import { modelOf, nodeOf, portOf } from "../formats/onnx/tiny-network.ts";
import { ask, type Clients, connectClients, importFile, refusalOf } from "../grpc/clients.ts";
import { createRestClient, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";
import { type HealthProber, healthMs, startHealthProber } from "./slowest-health.ts";

const columns = limits.columns;
const names = Array.from({ length: columns - 1 }, (_, i) => `gene_${i}_`.padEnd(58, "x"));
const cellOf = (i: number, n: number) => ((i * 7 + n * 13) % 97) / 10;
const rowOf = (n: number) => `${names.map((_, i) => cellOf(i, n)).join(",")},${n % 2 ? "ill" : "well"}`;
const wide = `${names.join(",")},state\n${Array.from({ length: 20 }, (_, n) => rowOf(n)).join("\n")}\n`;

/** As many classes as a column may have, with long names: nearly as many coefficients as a report lists. */
const label = (n: number) => `kind_${n % limits.categoriesPerColumn}_`.padEnd(limits.nameLength, "y");
const manyClasses = `a,b,c,d,kind\n${Array.from({ length: 4000 }, (_, n) => `${[1, 2, 3, 4].map((k) => cellOf(k * n, n)).join(",")},${label(n)}`).join("\n")}\n`;

/** One row of the wide table as a prediction takes it; as many as fit into the bytes. */
const cells = Object.fromEntries(names.map((name, i) => [name, cellOf(i, 1)]));
const rowsIn = (bytes: number) =>
  Array.from({ length: Math.floor(bytes / (JSON.stringify(cells).length + 1)) }, () => cells);

/** A file whose header has nearly the bytes that it may have, for tensors of one number each. */
const widestHeader = (): Buffer => {
  const count = 10_000;
  const entries = Array.from(
    { length: count },
    (_, i) => `"${`t${i}`.padEnd(40, "x")}":{"dtype":"F32","shape":[1],"data_offsets":[${4 * i},${4 * i + 4}]}`,
  );
  const header = Buffer.from(`{${entries.join(",")}}`);
  expect(header.length).toBeGreaterThan(0.9 * 1024 ** 2);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, Buffer.alloc(4 * count)]);
};

/** As long a chain of operators as nobody draws. */
const longestChain = (): Uint8Array<ArrayBuffer> => {
  const count = 20_000;
  return modelOf({
    nodes: Array.from({ length: count }, (_, i) => nodeOf("Relu", [i === 0 ? "x" : `y${i - 1}`], `y${i}`)),
    inputs: [portOf("x", ["batch", 2])],
    outputs: [portOf(`y${count - 1}`, ["batch", 2])],
  });
};

let folder = "";
let service: Service;
let client: RestClient;
let clients: Clients;
let prober: HealthProber;
let [wideModel, classModel] = ["", ""];

const train = async (table: string, spec: { label: string; model: object }): Promise<string> => {
  const dataset = (await client.upload("widest", table)).id;
  const { id } = await client.submit({
    ...{ dataset, task: { type: "classification", label: spec.label }, model: spec.model as { type: "softmax" } },
    training: { epochs: 1 },
  });
  return (await client.untilState(id, "succeeded")).model ?? "";
};

beforeAll(async () => {
  folder = await createDataDir();
  service = await startService(folder, { WORKERS: "1" });
  client = createRestClient(service.url);
  clients = connectClients(service.grpc.replace(/^.*:\/\//, ""), undefined, {
    "grpc.max_receive_message_length": -1,
  });
  wideModel = await train(wide, { label: "state", model: { type: "mlp", hidden: [256] } });
  classModel = await train(manyClasses, { label: "kind", model: { type: "softmax" } });
  prober = await startHealthProber(service);
}, 240_000);
afterAll(async () => {
  await prober.close();
  clients.close();
  await service.stop();
  await removeDataDir(folder);
});

const download = async (path: string): Promise<number> => {
  const response = await fetch(`${service.url}${path}`);
  expect(response.status).toBe(200);
  return (await response.arrayBuffer()).byteLength;
};
const importOverRest = async (type: string, query: string, file: Uint8Array<ArrayBuffer>): Promise<number> =>
  (await fetch(`${service.url}/v1/models?${query}`, { method: "POST", headers: { "content-type": type }, body: file }))
    .status;

const overRest: [string, () => Promise<unknown>][] = [
  [
    "predictions of as many rows as a body has room for",
    async () => {
      const rows = rowsIn(limits.predictBodyBytes - 100);
      expect(await client.predict(wideModel, rows)).toMatchObject({ predictions: rows.map(() => ({})) });
    },
  ],
  ["its weights", async () => expect(await download(`/v1/models/${wideModel}/weights`)).toBeGreaterThan(16e6)],
  ["its record", () => client.model(wideModel)],
  [
    "a report of as many classes as there may be",
    async () => {
      const report = await client.report(classModel);
      expect(report).toMatchObject({ task: "classification" });
      expect(JSON.stringify(report).length).toBeGreaterThan(1e6);
    },
  ],
  ["a list of models", () => client.call("/v1/models?pageSize=100")],
  [
    "weights with the widest header",
    async () => {
      const file = new Uint8Array(widestHeader());
      expect(await importOverRest("application/vnd.safetensors", "architecture=resnet18", file)).toBe(422);
    },
  ],
  [
    "a network of very many operators",
    async () => expect([201, 422]).toContain(await importOverRest("application/onnx", "", longestChain())),
  ],
];

const overGrpc: [string, () => Promise<unknown>][] = [
  [
    "predictions of as many rows as a message has room for",
    async () => {
      const rows = rowsIn(limits.grpcMessageBytes - 100);
      const request = { model: wideModel, rows, pictures: [] };
      const { predictions } = await ask(clients.models, clients.models.predict, request);
      expect(predictions).toHaveLength(rows.length);
    },
  ],
  [
    "its weights",
    async () => {
      for await (const _ of clients.models.getModelWeights({ id: wideModel }));
    },
  ],
  ["its record", () => ask(clients.models, clients.models.getModel, { id: wideModel })],
  [
    "a report of as many classes as there may be",
    () => ask(clients.models, clients.models.getModelReport, { id: classModel }),
  ],
  ["a list of models", () => ask(clients.models, clients.models.listModels, { pageSize: 100 })],
  [
    "weights with the widest header",
    async () => {
      const header = { format: ImportFormat.IMPORT_FORMAT_SAFETENSORS, architecture: "resnet18" };
      const refused = refusalOf(importFile(clients, widestHeader(), header as never));
      expect((await refused).problem.code).toBe("unprocessable");
    },
  ],
];

describe.each([
  ["REST", overRest],
  ["gRPC", overGrpc],
])("beside the widest models that are allowed, over %s", (_, operations) => {
  test.each(operations)("%s leaves health its turn", async (_name, work) => {
    expect(await prober.slowestBeside(work)).toBeLessThan(healthMs);
  });
});
