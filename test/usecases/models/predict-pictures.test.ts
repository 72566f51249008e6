import { readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../../src/domain/errors.ts";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import { runOnnx } from "../../exporting/runtime.ts";
import { buildZip } from "../../formats/archives/build-archives.ts";
import { mobilenet } from "../../formats/onnx/mobilenet.ts";
import { channelMeans, tinyNetwork } from "../../formats/onnx/tiny-network.ts";
import { ask, type Clients, connectClients } from "../../grpc/clients.ts";
import { finishJob, iris, startTestService, type TestService } from "../service.ts";

interface Made {
  waves: [number, number, number][];
  pictures: { width: number; height: number; label: string; logits: number[] }[];
}
/** Pictures by formula, and what PyTorch says of them: see classified-pictures.py. */
const made: Made = JSON.parse(readFileSync(new URL("../../data/imagenet/pictures.json", import.meta.url)).toString());

const draw = ({ width, height }: { width: number; height: number }) => {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++)
    for (const [c, [a, b, d]] of made.waves.entries())
      pixels[i * 3 + c] = Math.abs(((a * (i % width) + b * Math.floor(i / width) + d) % 510) - 255);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
};

interface Answer extends Problem {
  predictions: { label: string; probabilities: Record<string, number>; outputs: { logits: number[] } }[];
}

let service: TestService;
let clients: Clients;
let model: ImportedModel;
let files: Uint8Array<ArrayBuffer>[];
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
  const zip = buildZip([
    { path: "mobilenet.onnx", content: Buffer.from(mobilenet.onnx()) },
    { path: "labels.json", content: Buffer.from(JSON.stringify(mobilenet.labels())) },
  ]);
  model = await importZip(zip, "preprocessing=minus_one_to_one");
  files = await Promise.all(made.pictures.map(async (picture) => new Uint8Array(await draw(picture).png().toBuffer())));
});
afterAll(async () => {
  clients.close();
  await service.close();
});

const importZip = async (zip: Uint8Array, query: string): Promise<ImportedModel> => {
  const response = await fetch(`${service.url}/v1/models?${query}`, {
    ...{ method: "POST", headers: { "content-type": "application/zip" }, body: new Uint8Array(zip) },
  });
  expect(response.status).toBe(201);
  return (await response.json()) as ImportedModel;
};

const post = async (body: RequestInit["body"], type?: string, name = model.id) => {
  const response = await fetch(`${service.url}/v1/models/${name}/predict`, {
    ...{ method: "POST", ...(type === undefined ? {} : { headers: { "content-type": type } }), body: body ?? null },
  });
  return { status: response.status, body: (await response.json()) as Answer };
};
const postJson = (json: unknown, name?: string) => post(JSON.stringify(json), "application/json", name);
const fileOf = (file: Uint8Array<ArrayBuffer>, type = "image/png"): File => new File([file], "a picture.png", { type });
const formOf = (...entries: [string, File | string][]): FormData => {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value);
  return form;
};

const worst = (logits: readonly number[], i: number): number =>
  Math.max(...logits.map((logit, k) => Math.abs(logit - made.pictures[i]!.logits[k]!)));

describe("a published network classifies pictures", () => {
  test("with PyTorch's logits and labels: to 1e-4 where nothing is resized; where Pillow resized, some pixels round otherwise", async () => {
    for (const [i, picture] of made.pictures.entries()) {
      const { status, body } = await post(files[i]!, "image/png");
      expect(status).toBe(200);
      const [prediction] = body.predictions;
      expect(prediction?.label).toBe(picture.label);
      expect(worst(prediction!.outputs.logits, i)).toBeLessThan(i === 0 ? 1e-4 : 0.15);
      expect(Object.values(prediction!.probabilities).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    }
  });

  test("with the same answers to a form, to JSON in base64, to an alias, and over gRPC", async () => {
    const alias = { method: "PUT", headers: { "content-type": "application/json" } };
    const body = JSON.stringify({ model: model.id });
    expect((await fetch(`${service.url}/v1/aliases/eyes`, { ...alias, body })).status).toBe(201);
    const form = await post(formOf(["image", fileOf(files[0]!)], ["image", fileOf(files[1]!)]), undefined, "eyes");
    expect(form.status).toBe(200);
    const rows = files.map((file) => ({ input: Buffer.from(file).toString("base64") }));
    const json = await postJson({ rows });
    expect(json.body).toEqual(form.body);
    const request = { model: "eyes", rows: [], pictures: files.map((file) => Buffer.from(file)) };
    const { predictions } = await ask(clients.models, clients.models.predict, request);
    expect(predictions.map(({ kind }) => kind)).toMatchObject(
      form.body.predictions.map(({ label, probabilities }) => ({ $case: "network", value: { label, probabilities } })),
    );
  });

  test("also as JPEG and WebP", async () => {
    for (const format of ["jpeg", "webp"] as const) {
      const file = await draw(made.pictures[0]!).toFormat(format, { quality: 95 }).toBuffer();
      const { body } = await post(new Uint8Array(file), `image/${format}`);
      expect(body.predictions[0]?.label).toBe(made.pictures[0]!.label);
    }
  });
});

describe("what is no picture for a model is refused in words", () => {
  test("a broken file, with its row", async () => {
    const { status, body } = await post(formOf(["a", fileOf(files[0]!)], ["b", fileOf(files[1]!.slice(0, 999))]));
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([{ pointer: "/rows/1/input", detail: /no picture that can be read/ }]);
    expect((await postJson({ rows: [{ input: "~" }] })).body.errors[0]?.detail).toMatch(/neither a tensor nor a pic/);
    expect((await post("", "image/png")).body).toMatchObject({ status: 400, detail: /empty/ });
  });

  test("a form that is none, has no picture, or as many rows as do not fit", async () => {
    const picture = fileOf(files[0]!);
    const json = (value: unknown) => new File([JSON.stringify(value)], "request.json", { type: "application/json" });
    for (const [form, status, detail] of [
      [formOf(["note", "a rose"]), 400, /"note" is no file/],
      [formOf(["request", json({ rows: [] })]), 400, /no picture/],
      [formOf(["image", picture], ["request", json({ rows: [{}, {}] })]), 422, /2 rows and 1 pictures/],
      [formOf(["image", picture], ["request", json([1])]), 422, /JSON object/],
    ] as const)
      expect(await post(form)).toMatchObject({ status, body: { detail: expect.stringMatching(detail) } });
    const bare = await post("--x\r\n", "multipart/form-data; boundary=x");
    expect(bare).toMatchObject({ status: 400, body: { code: "malformed" } });
    expect(await post(files[0]!, "image/gif")).toMatchObject({ status: 415, body: { detail: /image\/webp/ } });
  });

  test("tensors of which the network's answer is no number", async () => {
    const { name } = model.inputs[0]!;
    const input = new Array<number>(3 * 224 * 224).fill(3e38);
    expect(await postJson({ rows: [{ [name]: input }] })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/rows/0", detail: expect.stringContaining("not a finite number") }] },
    });
  });

  test("columns of one name are one class, to a prediction and in the exported file", async () => {
    const labels = ["crane", "gull", "crane"];
    const content = Buffer.from(channelMeans());
    const zip = buildZip([
      { path: "means.onnx", content },
      { path: "labels.json", content: Buffer.from(JSON.stringify(labels)) },
    ]);
    const means = await importZip(zip, "");
    // Each column's own probability: the gull's is the largest of the three.
    const pixels = [1, 1.25, 1].flatMap((mean) => [mean, mean, mean, mean]);
    const gull = Math.exp(1.25) / (Math.exp(1.25) + 2 * Math.exp(1));
    const [said] = (await postJson({ rows: [{ x: pixels }] }, means.id)).body.predictions;
    expect(said?.label).toBe("crane");
    expect(Object.keys(said?.probabilities ?? {})).toEqual(["crane", "gull"]);
    expect(said?.probabilities.gull).toBeCloseTo(gull, 6);
    const exported = new Uint8Array(await (await fetch(`${service.url}/v1/models/${means.id}/onnx`)).arrayBuffer());
    const feeds = { x: { type: "float32", dims: [1, 3, 2, 2], data: Float32Array.from(pixels) } } as const;
    const { label, probabilities } = await runOnnx(exported, feeds);
    expect(label?.data).toEqual(["crane"]);
    expect(probabilities?.dims).toEqual([1, 2]);
    expect(probabilities?.data.map(Number)[1]).toBeCloseTo(gull, 6);
  });

  test("a model that takes none, or of which nothing is known", async () => {
    const tiny = await importZip(buildZip([{ path: "tiny.onnx", content: Buffer.from(tinyNetwork()) }]), "");
    expect(await post(files[0]!, "image/png", tiny.id)).toMatchObject({
      ...{ status: 422, body: { detail: /is no picture; send its tensors/ } },
    });
    const bare = await importZip(buildZip([{ path: "m.onnx", content: Buffer.from(mobilenet.onnx()) }]), "");
    expect((await post(files[0]!, "image/png", bare.id)).body.errors[0]?.detail).toMatch(/state it \(PATCH/);
    const upload = await fetch(`${service.url}/v1/datasets`, {
      ...{ method: "POST", headers: { "content-type": "text/csv" }, body: iris },
    });
    const { id: dataset } = (await upload.json()) as { id: string };
    const task = { type: "classification", label: "species" } as const;
    const submitted = await fetch(`${service.url}/v1/jobs`, {
      ...{ method: "POST", headers: { "content-type": "application/json" } },
      body: JSON.stringify({ dataset, task, model: { type: "softmax" } }),
    });
    const { id } = (await submitted.json()) as { id: string };
    const job = await service.deps.jobs.get("default", id as never);
    const trained = await finishJob(service, job as never);
    expect(await post(files[0]!, "image/png", trained.id)).toMatchObject({
      ...{ status: 422, body: { detail: /none of this model's features is an image/ } },
    });
  });
});
