import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import { limits } from "../../src/domain/limits.ts";
import { buildTar, buildZip, type Packed } from "../formats/archives/build-archives.ts";
import { idxImages, idxLabels } from "../formats/images/build-idx.ts";
import { mobilenet } from "../formats/onnx/mobilenet.ts";
import { ask, type Clients, connectClients } from "../grpc/clients.ts";
import { createRestClient, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";
import { type HealthProber, healthMs, startHealthProber } from "./slowest-health.ts";

/** `IMAGES_SCALE=20 npx vitest run test/e2e/images.test.ts` uploads so many times as much. */
const scale = Number(process.env.IMAGES_SCALE ?? 1);

let folder = "";
let service: Service;
let client: RestClient;
let clients: Clients;
let prober: HealthProber;
let model = "";
/** Of as many bytes as a body may have, nearly: noise does not compress. */
let photograph: Uint8Array<ArrayBuffer>;

const plain = (width: number, height: number, grey: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: grey, g: grey, b: grey } } });
const post = <T>(path: string, type: string, body: Uint8Array | FormData) =>
  client.call<T>(path, {
    ...{ method: "POST", ...(type === "" ? {} : { headers: { "content-type": type } }) },
    body: body instanceof FormData ? body : new Uint8Array(body),
  });
const upload = async (files: readonly Packed[], query = ""): Promise<Dataset> => {
  const { status, body } = await post<Dataset>(`/v1/datasets?${query}`, "application/x-tar", buildTar(files));
  expect(status).toBe(201);
  return body;
};

beforeAll(async () => {
  folder = await createDataDir();
  service = await startService(folder);
  client = createRestClient(service.url);
  clients = connectClients(service.grpc.replace(/^.*:\/\//, ""));
  prober = await startHealthProber(service);
  const zip = buildZip([
    { path: "mobilenet.onnx", content: mobilenet.onnx() },
    { path: "labels.json", content: Buffer.from(JSON.stringify(mobilenet.labels())) },
  ]);
  const path = "/v1/models?name=mobilenet&preprocessing=minus_one_to_one";
  model = (await post<{ id: string }>(path, "application/zip", zip)).body.id;
  const side = Math.floor(Math.sqrt((limits.predictBodyBytes * 0.97) / 3));
  const noise = Buffer.alloc(side * side * 3);
  let state = 1;
  for (let i = 0; i < noise.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    noise[i] = state >>> 24;
  }
  const raw = { width: side, height: side, channels: 3 as const };
  photograph = new Uint8Array(await sharp(noise, { raw }).png({ compressionLevel: 0 }).toBuffer());
  expect(photograph.length).toBeGreaterThan(limits.predictBodyBytes * 0.93);
});
afterAll(async () => {
  await prober?.close();
  clients?.close();
  await service?.stop();
  await removeDataDir(folder);
});

const large = async (): Promise<void> => {
  const content = await plain(9000, 9000, 90).png().toBuffer();
  const files = Array.from({ length: 2 * scale }, (_, i) => ({ path: `label/${i}.png`, content }));
  expect((await upload(files, "size=1024")).rows).toBe(files.length);
};

/** In the order opposite to that of the table. */
const many = async (): Promise<void> => {
  const content = await plain(2, 2, 7).png().toBuffer();
  const count = 500 * scale;
  const table = Array.from({ length: count }, (_, i) => `${i}.png,${i % 10},${i / 7}\n`).join("");
  const files = Array.from({ length: count }, (_, i) => ({ path: `${count - 1 - i}.png`, content }));
  const csv = { path: "table.csv", content: Buffer.from(`path,label,age\n${table}`) };
  const { id, rows } = await upload([...files, csv], "size=2");
  expect(rows).toBe(count);
  await client.call(`/v1/datasets/${id}/rows?limit=1000`);
};

const tiny = async (): Promise<void> => {
  const count = 50_000 * scale;
  const files = [
    { path: "images-idx3-ubyte", content: idxImages(count, 1, 2) },
    { path: "labels-idx1-ubyte", content: idxLabels(count) },
  ];
  expect((await upload(files)).rows).toBe(count);
};

const classified = async (body: Uint8Array | FormData, type: string): Promise<void> => {
  const answer = await post<{ predictions: { label: string }[] }>(`/v1/models/${model}/predict`, type, body);
  expect(answer.status).toBe(200);
  expect(mobilenet.labels()).toContain(answer.body.predictions[0]?.label);
};
const form = (): FormData => {
  const parts = new FormData();
  const half = photograph.slice(0, photograph.length / 2);
  for (const file of [half, half]) parts.append("image", new File([file], "half.png", { type: "image/png" }));
  return parts;
};

const works: [string, () => Promise<unknown>][] = [
  ["an upload of large pictures", large],
  ["an upload of many pictures with a table in another order", many],
  ["an upload of an IDX file", tiny],
  ["a prediction of the largest picture", () => classified(photograph, "image/png")],
  [
    "a prediction of pictures that are cut short",
    async () => expect((await post(`/v1/models/${model}/predict`, "", form())).status).toBe(422),
  ],
];

describe("pictures", () => {
  test.each(works)("do not hold up others: %s", async (_, work) => {
    expect(await prober.slowestBeside(work)).toBeLessThan(healthMs);
  });

  test("train a model that is asked with files, in a form and over gRPC, to the same answers", async () => {
    const files: Packed[] = [];
    for (let i = 0; i < 20; i++) {
      const content = await plain(8, 8, 4 * i + (i % 2 ? 150 : 0))
        .png()
        .toBuffer();
      files.push({ path: `${i % 2 ? "light" : "dark"}/${i}.png`, content });
    }
    const { id: dataset } = await upload(files, "size=8");
    const training = { epochs: 40, split: { validation: 0, test: 0.2 } };
    const task = { type: "classification", label: "label" } as const;
    const done = await client.untilDone((await client.submit({ name: "shades", dataset, task, training })).id);
    expect(done.state).toBe("succeeded");
    const path = `/v1/models/${done.model}/predict`;
    const [dark, light] = files.map(({ content }) => content);
    const parts = new FormData();
    for (const file of [dark!, light!]) parts.append("image", new File([new Uint8Array(file)], "picture.png"));
    const asked = await post<{ predictions: { label: string }[] }>(path, "", parts);
    expect(asked.body.predictions).toMatchObject([{ label: "dark" }, { label: "light" }]);
    const one = await post<{ predictions: unknown[] }>(path, "image/png", light!);
    expect(one.body.predictions).toEqual([asked.body.predictions[1]]);
    const request = { model: done.model ?? "", rows: [], pictures: [Buffer.from(dark!), Buffer.from(light!)] };
    const { predictions } = await ask(clients.models, clients.models.predict, request);
    expect(predictions.map(({ kind }) => kind?.value)).toMatchObject([{ label: "dark" }, { label: "light" }]);
  });
});
