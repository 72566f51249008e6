import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import { decodeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { buildZip, type Packed } from "../formats/archives/build-archives.ts";
import { mobilenet } from "../formats/onnx/mobilenet.ts";
import { partsOf } from "../grpc/parts.ts";
import { createGrpcClient } from "./grpc-client.ts";
import { createRestClient, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const colours = { gold: "#d0b040", sea: "#3070a0" };

/** A disc or a square of a colour of its label, on a ground that changes from picture to picture. */
const picture = (label: keyof typeof colours, i: number): Promise<Buffer> => {
  const size = 20 + ((i * 7) % 30);
  const at = 50 + ((i * 13) % 20);
  const shape =
    label === "gold"
      ? `<circle cx="${at}" cy="${at}" r="${size}" fill="${colours.gold}"/>`
      : `<rect x="${at - size}" y="${at - size}" width="${2 * size}" height="${2 * size}" fill="${colours.sea}"/>`;
  const ground = `rgb(${90 + ((i * 17) % 60)},${90 + ((i * 29) % 60)},${90 + ((i * 41) % 60)})`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="120"><rect width="120" height="120" fill="${ground}"/>${shape}</svg>`;
  return sharp(Buffer.from(svg)).jpeg().toBuffer();
};

const album = async (each: number): Promise<Packed[]> => {
  const files: Packed[] = [];
  for (let i = 0; i < each; i++)
    for (const label of ["gold", "sea"] as const)
      files.push({ path: `album/${label}/${i}.jpg`, content: await picture(label, i) });
  return files;
};

describe("a published network, fine-tuned on a folder of pictures", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  let dataset: Dataset;
  let base: ImportedModel;

  const upload = async <T>(path: string, type: string, body: Uint8Array): Promise<T> => {
    const answer = await client.call<T>(path, {
      ...{ method: "POST", headers: { "content-type": type }, body: Uint8Array.from(body) },
    });
    expect(answer.status).toBe(201);
    return answer.body;
  };

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
    dataset = await upload(
      "/v1/datasets?name=album&shorterSide=120&size=120",
      "application/zip",
      buildZip(await album(14)),
    );
    base = await upload(
      "/v1/models?name=mobilenet&preprocessing=minus_one_to_one",
      "application/onnx",
      mobilenet.onnx(),
    );
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const spec = () => ({
    dataset: dataset.id,
    task: { type: "classification" as const, label: "label" },
    base: { model: base.id, freeze: "all but the head" as const, newHead: true },
    optimizer: { type: "adam" as const, learningRate: 0.01 },
    training: { epochs: 6, batchSize: 8 },
  });

  test("over REST: planned, trained, reported, its weights kept where they are frozen; it predicts pictures", async () => {
    const plan = await client.post<{ memoryBytes: number; spec: { preprocessing: object } }>(
      "/v1/jobs?validateOnly=true",
      spec(),
    );
    expect(plan.status).toBe(200);
    expect(plan.body.spec.preprocessing).toMatchObject({
      images: "minus_one_to_one",
      crop: { height: 224, width: 224 },
    });
    const job = await client.submit(spec());
    const done = await client.untilDone(job.id);
    expect(done.state).toBe("succeeded");
    expect(done.metrics.testAccuracy).toBeGreaterThan(0.8);
    const model = await client.model(done.model ?? "");
    expect(model.base).toBe(base.id);
    expect(await client.report(model.id)).toMatchObject({ task: "classification" });
    const response = await fetch(`${client.url}/v1/models/${model.id}/weights`);
    const { tensors } = decodeSafetensors(new Uint8Array(await response.arrayBuffer()));
    expect(tensors.find(({ name }) => name === "conv_preds.weight")?.shape).toEqual([1, 1, 1, 256, 2]);
    const { predictions } = await client.predict(model.id, [
      { image: (await picture("gold", 99)).toString("base64") },
      { image: (await picture("sea", 99)).toString("base64") },
    ]);
    expect(predictions.map((prediction) => "label" in prediction && prediction.label)).toEqual(["gold", "sea"]);
  });

  test("over gRPC the same job gives the same bits, on two threads, with pictures that change and batches in parts", async () => {
    const grpc = createGrpcClient(service.grpc);
    const training = { epochs: 3, batchSize: 8, microBatch: 3, augment: { flip: true, randomResizedCrop: {} } };
    const job = await grpc.submit({
      ...{
        dataset: dataset.id,
        labels: {},
        task: { type: "classification", label: "label", features: [], exclude: [] },
      },
      base: { model: base.id, freeze: ["all but the head"], unfreeze: [], newHead: true },
      ...partsOf({ optimizer: { type: "adam", learningRate: 0.01 }, training }, "typed"),
      resources: { threads: 2 },
    });
    const done = await client.untilDone(job.id);
    const model = await grpc.model(done.model ?? "");
    expect(model.spec?.base).toMatchObject({ freeze: ["all but the head"], newHead: true });
    const rest = await client.untilDone((await client.submit({ ...spec(), training })).id);
    expect(model.digest).toBe((await client.model(rest.model ?? "")).digest);
    grpc.close();
  });

  test("pictures larger than a job's memory are read as they are needed, on two threads, to the same bits", async () => {
    const { base: _, ...rest } = spec();
    const whole = { ...rest, training: { epochs: 2, batchSize: 8, augment: { flip: true } } };
    const planOf = async (resources: object) =>
      (
        await client.post<{ memoryBytes: number; ringRows?: number; threads: number }>("/v1/jobs?validateOnly=true", {
          ...whole,
          resources: { threads: 2, ...resources },
        })
      ).body;
    const held = await planOf({});
    expect(held).not.toHaveProperty("ringRows");
    const short = { threads: 2, memoryBytes: held.memoryBytes - 1 };
    const { memoryBytes, ringRows } = await planOf(short);
    expect(ringRows).toBeGreaterThan(0);
    const digests: string[] = [];
    for (const resources of [{ threads: 1 }, short]) {
      const done = await client.untilDone((await client.submit({ ...whole, resources })).id);
      expect({ state: done.state, error: done.error }).toEqual({ state: "succeeded", error: null });
      if (resources === short) expect(done.plan).toMatchObject({ memoryBytes, ringRows });
      digests.push((await client.model(done.model ?? "")).digest);
    }
    expect(digests[1]).toBe(digests[0]);
  });

  test("misuse is told where it is", async () => {
    const refused = await client.trySubmit({ ...spec(), base: { ...spec().base, freeze: ["no_such_layer"] } });
    expect(refused.status).toBe(422);
    expect(refused.body.errors?.map(({ pointer }) => pointer)).toEqual(["/base/freeze/0"]);
  });
});
