import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/domain/datasets/dataset.ts";
import type { Job } from "../../../src/domain/jobs/job.ts";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import { runOnnx } from "../../exporting/runtime.ts";
import { mobilenet } from "../../formats/onnx/mobilenet.ts";
import { ask, type Clients, connectClients } from "../../grpc/clients.ts";
import { finishJob, iris, startTestService, type TestService } from "../service.ts";

let service: TestService;
let clients: Clients;
let network: ImportedModel;
const licence = "Apache-2.0 | <b>free</b>";
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
  const query = new URLSearchParams({
    name: "*mobile* `net`",
    preprocessing: "minus_one_to_one",
    licence,
    source: "a paper",
  });
  const headers = { "content-type": "application/onnx" };
  const sent = { method: "POST", headers, body: mobilenet.onnx() };
  network = (await (await fetch(`${service.url}/v1/models?${query}`, sent)).json()) as ImportedModel;
});
afterAll(async () => {
  clients.close();
  await service.close();
});

const get = (path: string): Promise<Response> => fetch(`${service.url}/v1/models/${path}`);
const bytesAt = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
  const response = await get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/onnx");
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(Number(response.headers.get("content-length"))).toBe(bytes.byteLength);
  return bytes;
};

const cardOf = async (id: string): Promise<string> => {
  const response = await get(`${id}/card`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
  const card = await response.text();
  expect((await ask(clients.models, clients.models.getModelCard, { id })).markdown).toBe(card);
  return card;
};

describe("an imported network leaves again", () => {
  test("with a card that says where it comes from, under what licence, and how to run it", async () => {
    const card = await cardOf(network.id);
    expect(card).toContain("# \\*mobile\\* \\`net\\`");
    expect(card).toContain("Apache-2.0 \\| \\<b\\>free\\</b\\>, as stated for its file.");
    expect(card).toContain(`license: ${JSON.stringify(licence)}`);
    expect(card).toContain(network.digest);
    expect(card).toContain(network.file.sha256);
    expect(card).toContain(`…/v1/models/${network.id}/onnx`);
    expect(card).toContain('"input": np.zeros((1, 224, 224, 3), np.uint8)');
    expect(card).toContain("Nothing was measured here.");
  });

  test("the parameter is checked by name, and what is not there is not found", async () => {
    const odd = await get(`${network.id}/onnx?preprocessing=maybe`);
    expect([odd.status, ((await odd.json()) as { errors: { pointer: string }[] }).errors[0]?.pointer]).toEqual([
      422,
      "/query/preprocessing",
    ]);
    for (const path of ["onnx", "card"]) expect((await get(`mdl_01JD0000000000000000000000/${path}`)).status).toBe(404);
  });

  // Last, because onnxruntime holds the event loop for seconds.
  test("as ONNX that takes pixels, or what the file took, with the same logits; over gRPC with the same bytes", async () => {
    const pixels = Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * 7 + (i >> 8)) % 256);
    const whole = await bytesAt(`${network.id}/onnx`);
    const alone = await bytesAt(`${network.id}/onnx?preprocessing=false`);
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of clients.models.getModelOnnx({ id: network.id })) chunks.push(chunk);
    expect(Buffer.compare(Buffer.concat(chunks), whole)).toBe(0);
    const scaled = Float32Array.from({ length: pixels.length }, (_, i) => {
      const [channel, pixel] = [Math.floor(i / (224 * 224)), i % (224 * 224)];
      return pixels[pixel * 3 + channel]! / 127.5 - 1;
    });
    const feeds = { input: { type: "float32", dims: [1, 3, 224, 224], data: scaled } } as const;
    const fromPixels = await runOnnx(whole, { input: { type: "uint8", dims: [1, 224, 224, 3], data: pixels } });
    const bare = await runOnnx(alone, feeds);
    const original = await runOnnx(mobilenet.onnx(), feeds);
    const largest = Math.max(...original.logits!.data.map((x) => Math.abs(x as number)));
    original.logits!.data.forEach((value, i) => {
      for (const { logits } of [fromPixels, bare])
        expect(Math.abs((value as number) - (logits!.data[i] as number))).toBeLessThan(1e-5 * largest);
    });
  });
});

test("a trained model's card has its data, its report and its spec, whatever became of its data set", async () => {
  const post = async <T>(path: string, type: string, body: string): Promise<T> =>
    (await (
      await fetch(`${service.url}/v1/${path}`, { method: "POST", headers: { "content-type": type }, body })
    ).json()) as T;
  const dataset = await post<Dataset>("datasets?name=flowers%20%23%201", "text/csv", iris);
  const spec = { dataset: dataset.id, task: { type: "classification", label: "species" } };
  const job = await post<Job>("jobs", "application/json", JSON.stringify(spec));
  const model = await finishJob(service, job);
  const card = await cardOf(model.id);
  expect(card).toContain("`flowers # 1`");
  expect(card).toContain(`version 1 of their types, SHA-256 \`${dataset.sha256}\``);
  expect(card).toMatch(/\| accuracy \| 1 \| [\d.]+ to 1 \|/);
  expect(card).toContain(`"seed": 42`);
  expect(card).toContain("None is stated; the data's terms apply.");
  expect(card).toContain(`-d '{"rows":[{"sepal_length":5,"sepal_width":5}]}'`);
  const page = await get(`${model.id}/report.html`);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.headers.get("content-security-policy")).toBe(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  );
  const html = await page.text();
  expect(html).toContain("Measured on 2 rows of the test split");
  expect((await ask(clients.models, clients.models.getModelReportPage, { id: model.id })).html).toBe(html);
  const asked = async (accept: string): Promise<string> =>
    (await fetch(`${service.url}/v1/models/${model.id}/report`, { headers: { accept } })).text();
  expect(await asked("text/html,application/xhtml+xml,*/*;q=0.8")).toBe(html);
  expect(JSON.parse(await asked("*/*")).task).toBe("classification");
});
