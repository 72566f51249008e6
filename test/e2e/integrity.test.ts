import { open, readdir, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job } from "../../src/domain/jobs/job.ts";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { ModelsServiceClient } from "../../src/grpc/generated/descent/v1/models.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const row = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const corrupt = { status: 500, body: { code: "corrupt" } };

/** One bit of a file is another, so many bytes before its end (or, below 0, after its beginning). */
const flip = async (file: string, beforeEnd: number): Promise<void> => {
  const at = beforeEnd < 0 ? -beforeEnd : (await stat(file)).size - beforeEnd;
  const handle = await open(file, "r+");
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  await handle.write(Buffer.from([byte[0]! ^ 1]), 0, 1, at);
  await handle.close();
};

/** What lies in the artifact store is changed behind the service's back; each test spoils something of its own. */
describe("a file that is not what was written", () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  let dataset: string;
  const csv = dataFile("iris");
  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
    dataset = (await client.upload("iris", await csv)).id;
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const spec = (changes: Partial<JobSpecInput> = {}): JobSpecInput => ({
    ...{ dataset, task: { type: "classification", label: "species" }, model: { type: "mlp", hidden: [8] } },
    ...{ training: { epochs: 2, earlyStopping: false } },
    ...changes,
  });
  const run = async (wanted: JobSpecInput): Promise<Job> => client.untilDone((await client.submit(wanted)).id);
  const train = async (hidden = [8]): Promise<string> => {
    const job = await run(spec({ model: { type: "mlp", hidden } }));
    expect(job.state).toBe("succeeded");
    return job.model!;
  };
  const fileOf = async (kind: "models" | "datasets", id: string, name: RegExp): Promise<string> => {
    const folder = join(dataDir, "artifacts", "default", kind, id);
    return join(folder, (await readdir(folder)).find((each) => name.test(each))!);
  };
  const get = (path: string) => client.call<Problem>(path);
  const ask = (model: string) => client.post<Problem>(`/v1/models/${model}/predict`, { rows: [row] });
  const expectUnharmed = async (model: string): Promise<void> => {
    const { status: code, headers } = await fetch(`${service.url}/v1/models/${model}/weights`);
    expect(code).toBe(200);
    expect(headers.get("etag")).toBe(`"${(await client.model(model)).digest}"`);
    expect((await ask(model)).status).toBe(200);
  };

  test.each([
    ["in the last weight", 1],
    ["in the header, where a tensor's name stands", -12],
  ])(
    "of weights, by one bit %s: no prediction, no download, no fine-tuning, and the neighbour is unharmed",
    async (_, at) => {
      const [model, neighbour] = [await train(), await train()];
      await flip(await fileOf("models", model, /^weights/), at);
      expect(await ask(model)).toMatchObject(corrupt);
      const download = await get(`/v1/models/${model}/weights`);
      expect(download).toMatchObject(corrupt);
      expect(download.headers.get("etag")).toBeNull();
      const tuned = await run(spec({ base: { model } }));
      expect(tuned).toMatchObject({ state: "failed", error: { code: "corrupt" } });
      expect(tuned.error?.message).toContain(model);
      await expectUnharmed(neighbour);
      expect(await get(`/v1/models/${model}/report`)).toMatchObject({ status: 200 });
    },
  );

  test("of weights that are too large to be checked before they are sent: the transfer breaks off, over both surfaces", async () => {
    const model = await train([600, 600]);
    const path = `${service.url}/v1/models/${model}/weights`;
    const whole = await (await fetch(path)).arrayBuffer();
    expect(whole.byteLength).toBe((await client.model(model)).files?.weights.bytes);
    await flip(await fileOf("models", model, /^weights/), 500_000);
    await expect(fetch(path).then((response) => response.arrayBuffer())).rejects.toThrow();
    const models = new ModelsServiceClient(service.grpc, credentials.createInsecure());
    let bytes = 0;
    const read = async (): Promise<void> => {
      for await (const { chunk } of models.getModelWeights({ id: model })) bytes += chunk.length;
    };
    await expect(read()).rejects.toMatchObject({ code: status.DATA_LOSS });
    expect(bytes).toBeLessThan(whole.byteLength);
    models.close();
  });

  test("of a report", async () => {
    const model = await train();
    await flip(await fileOf("models", model, /^report/), 20);
    expect(await get(`/v1/models/${model}/report`)).toMatchObject(corrupt);
    await expectUnharmed(model);
  });

  test("of weights that are missing: damage, not an absent model", async () => {
    const model = await train();
    await rm(await fileOf("models", model, /^weights/));
    expect(await ask(model)).toMatchObject(corrupt);
    expect(await get(`/v1/models/${model}/weights`)).toMatchObject(corrupt);
    expect((await client.call(`/v1/models/${model}`, { method: "DELETE" })).status).toBe(204);
    expect((await ask(model)).status).toBe(404);
  });

  test.each<[string, (file: string) => Promise<void>]>([
    ["one digit of a number is another", (file) => flip(file, 20)],
    ["the last row is cut", async (file) => truncate(file, (await stat(file)).size - 15)],
    ["its header is another", (file) => flip(file, -2)],
    ["it is missing", (file) => rm(file)],
  ])("of data of which %s: no rows, and nothing is trained on them", async (_, spoil) => {
    const { id } = await client.upload("iris", await csv);
    await spoil(await fileOf("datasets", id, /^data/));
    expect(await get(`/v1/datasets/${id}/rows`)).toMatchObject(corrupt);
    const job = await run(spec({ dataset: id }));
    expect(job).toMatchObject({ state: "failed", error: { code: "corrupt" }, model: null });
    expect(job.error?.message).toContain(id);
  });
});
