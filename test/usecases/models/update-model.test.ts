import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../../src/domain/errors.ts";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { decodeManifest } from "../../../src/store/artifacts/manifest-file.ts";
import { sweepOrphans } from "../../../src/usecases/upkeep/sweep-orphans.ts";
import { runOnnx } from "../../exporting/runtime.ts";
import { buildZip } from "../../formats/archives/build-archives.ts";
import { channelMeans, tinyNetwork } from "../../formats/onnx/tiny-network.ts";
import { ask, type Clients, connectClients, importFile, uploadFile } from "../../grpc/clients.ts";
import { startTestService, type TestService } from "../service.ts";

let service: TestService;
let clients: Clients;
/** Orange, in another size and shape than the network's. */
let picture: Uint8Array<ArrayBuffer>;
const orange = [255, 153, 51] as const;
beforeAll(async () => {
  service = await startTestService();
  clients = connectClients(service.grpcAddress);
  const [r, g, b] = orange;
  picture = new Uint8Array(
    await sharp({ create: { width: 9, height: 5, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer(),
  );
});
afterAll(async () => {
  clients.close();
  await service.close();
});

const answerOf = async (response: Response) => ({
  status: response.status,
  body: (await response.json()) as ImportedModel & Problem & { predictions: Answer[] },
});
interface Answer {
  label?: string;
  probabilities?: Record<string, number>;
  outputs: { y: number[] };
}

const post = async (file: Uint8Array<ArrayBuffer>, preprocessing?: unknown, type = "application/onnx") => {
  const text = typeof preprocessing === "string" ? preprocessing : JSON.stringify(preprocessing);
  const query = preprocessing === undefined ? "" : `?preprocessing=${encodeURIComponent(text)}`;
  const headers = { "content-type": type };
  return answerOf(await fetch(`${service.url}/v1/models${query}`, { method: "POST", headers, body: file }));
};
const patch = async (id: string, body: unknown) => {
  const headers = { "content-type": "application/json" };
  const sent = { method: "PATCH", headers, body: JSON.stringify(body) };
  return answerOf(await fetch(`${service.url}/v1/models/${id}`, sent));
};
const ask1 = async (id: string): Promise<Answer> => {
  const sent = { method: "POST", headers: { "content-type": "image/png" }, body: picture };
  const { status, body } = await answerOf(await fetch(`${service.url}/v1/models/${id}/predict`, sent));
  expect(status).toBe(200);
  return body.predictions[0]!;
};
const near = (values: readonly number[], wanted: readonly number[]): void => {
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(wanted[i]!, 5);
};

describe("preprocessing stated at the import", () => {
  test.each<[string, unknown, number[]]>([
    ["unit", "unit", [1, 0.6, 0.2]],
    ["−1 to 1", "minus_one_to_one", [1, 0.2, -0.6]],
    ["numbers alone", { mean: [0.5, 0.1, 0.2], deviation: [0.5, 0.5, 0.25] }, [1, 1, 0]],
    ["Caffe's: blue first, by pixels", { scale: 1, mean: [1, 3, 5], channelOrder: "bgr" }, [50, 150, 250]],
    [
      "a preset, blue first",
      { preset: "imagenet", channelOrder: "bgr", shorterSide: 3, crop: 2 },
      [(0.2 - 0.406) / 0.225, (0.6 - 0.456) / 0.224, (1 - 0.485) / 0.229],
    ],
    ["stretched", { fit: "stretch" }, [1, 0.6, 0.2]],
  ])("%s", async (_name, preprocessing, wanted) => {
    const { status, body } = await post(channelMeans(), preprocessing);
    expect(status).toBe(201);
    near((await ask1(body.id)).outputs.y, wanted);
  });

  test.each<[string, unknown, RegExp]>([
    ["/query/preprocessing", "imagnet", /must be one of .*did you mean "imagenet"/],
    ["/query/preprocessing", "{", /must be a name or JSON/],
    ["/query/preprocessing/std", { std: [1, 1, 1] }, /unknown key/],
    ["/query/preprocessing/mean", { mean: [1] }, /1 numbers.*3 channels/],
    ["/query/preprocessing/crop", { crop: 224 }, /takes 2 × 2 pixels.*224 × 224/],
    ["/query/preprocessing/shorterSide", { shorterSide: 1 }, /cannot be cut out/],
    ["/query/preprocessing/mean", { preset: "unit", mean: [1, 1, 1] }, /says it already/],
  ])("%s: %j is refused in words", async (pointer, preprocessing, detail) => {
    const { status, body } = await post(channelMeans(), preprocessing);
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([{ pointer, detail: expect.stringMatching(detail) }]);
    expect(await service.deps.artifacts.list("default/models/")).not.toContainEqual(expect.stringMatching(/upload$/));
  });

  test("numbers for a network that takes no picture are refused", async () => {
    expect((await post(tinyNetwork(), { mean: [1] })).body.errors).toMatchObject([
      { pointer: "/query/preprocessing", detail: "the network takes 2, which is no picture; leave it out" },
    ]);
  });
});

describe("what a file says of itself", () => {
  const told = { names: "{0: 'dark', 1: \"cat's\", 2: 'red'}", "Image.BitmapPixelFormat": "Bgr8" };

  test("is taken, told, used in predictions, and carried on by the export, by which it comes in again", async () => {
    const { body: model } = await post(channelMeans({ ...told, "Image.NominalPixelRange": "Normalized_0_1" }));
    expect(model).toMatchObject({
      labels: ["dark", "cat's", "red"],
      image: { scale: 1 / 255, channelOrder: "bgr" },
      found: [/metadata \(names\)/, /metadata \(Image\.\*\)/].map((text) => expect.stringMatching(text)),
      warnings: [],
    });
    const answer = await ask1(model.id);
    near(answer.outputs.y, [0.2, 0.6, 1]);
    expect(answer.label).toBe("red");
    const exported = async (inside: boolean): Promise<Uint8Array<ArrayBuffer>> => {
      const response = await fetch(`${service.url}/v1/models/${model.id}/onnx?preprocessing=${inside}`);
      return new Uint8Array(await response.arrayBuffer());
    };
    const pixels = Uint8Array.from({ length: 12 }, (_, i) => orange[i % 3]!);
    const outputs = await runOnnx(await exported(true), { x: { type: "uint8", dims: [1, 2, 2, 3], data: pixels } });
    near(Array.from(outputs.y!.data, Number), [0.2, 0.6, 1]);
    expect(outputs.label!.data[0]).toBe("red");
    expect((await post(await exported(true))).body.detail).toMatch(/export the network alone, with \?preprocessing=f/);
    const { body: again } = await post(await exported(false));
    expect(again).toMatchObject({ labels: model.labels, image: model.image, digest: model.digest });
    near((await ask1(again.id)).outputs.y, [0.2, 0.6, 1]);
  });

  test("comes with a zip too, and yields to what is stated", async () => {
    const file = (path: string, content: unknown) => ({ path, content: Buffer.from(JSON.stringify(content)) });
    const zip = new Uint8Array(
      buildZip([
        { path: "model/model.onnx", content: channelMeans(told) },
        file("model/config.json", { id2label: { 0: "a", 1: "b", 2: "c" } }),
        file("model/preprocessor_config.json", { do_normalize: false, size: { shortest_edge: 4 }, crop_size: 2 }),
      ]),
    );
    const { body: model } = await post(zip, undefined, "application/zip");
    expect(model).toMatchObject({ labels: ["a", "b", "c"], image: { shorterSide: 4, scale: 1 / 255 } });
    expect(model.image).not.toHaveProperty("channelOrder");
    const { body: stated } = await post(zip, "minus_one_to_one", "application/zip");
    expect(stated.image?.scale).toBe(1 / 127.5);
    expect((await post(zip, "none", "application/zip")).body.image).toBeNull();
  });
});

describe("PATCH /v1/models/{id}", () => {
  test("states labels and preprocessing afterwards: record, manifest, predictions and gRPC have them", async () => {
    const { body: model } = await post(channelMeans());
    expect(await ask1Problem(model.id)).toMatch(/PATCH \/v1\/models/);
    const { status, body } = await patch(model.id, { labels: ["r", "g", "b"], preprocessing: "unit", licence: "MIT" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ labels: ["r", "g", "b"], licence: "MIT", image: { scale: 1 / 255 } });
    expect(await (await fetch(`${service.url}/v1/models/${model.id}`)).json()).toEqual(body);
    const { artifacts } = service.deps;
    const manifest = await artifacts.readBytes(artifactKeys.modelManifest("default", model.id));
    expect(decodeManifest(manifest, "the manifest")).toEqual(body);
    expect((await ask1(model.id)).label).toBe("r");
    // The network is warm now, and still answers by its newest record.
    const numbers = { scale: 1, channelOrder: "bgr" };
    const updated = await ask(clients.models, clients.models.updateModel, {
      ...{ id: model.id, labels: { names: ["0", "1", "2"] }, preprocessing: JSON.stringify(numbers), licence: "" },
    });
    expect(updated.imported).toMatchObject({ labels: ["0", "1", "2"], licence: undefined });
    const answer = await ask1(model.id);
    expect([answer.label, ...answer.outputs.y.map(Math.round)]).toEqual(["2", 51, 153, 255]);
    const without = await ask(clients.models, clients.models.updateModel, { id: model.id, labels: { names: [] } });
    expect(without.imported?.labels).toEqual([]);
    expect((await ask1(model.id)).label).toBeUndefined();
  });

  const ask1Problem = async (id: string): Promise<string> => {
    const sent = { method: "POST", headers: { "content-type": "image/png" }, body: picture };
    const { status, body } = await answerOf(await fetch(`${service.url}/v1/models/${id}/predict`, sent));
    expect(status).toBe(422);
    return body.detail;
  };

  test("of two at once none is lost, and the manifest is what the record is", async () => {
    const model = await importFile(clients, tinyNetwork(), { format: 1, name: "tiny" });
    const changes = [{ licence: "MIT" }, { source: "here" }, { labels: ["a", "b"] }, { licence: "ISC" }];
    await Promise.all(changes.map((change) => patch(model.id, change)));
    const record = await service.deps.catalogue.model("default", model.id);
    expect(record).toMatchObject({ source: "here", labels: ["a", "b"] });
    const { artifacts } = service.deps;
    const manifest = await artifacts.readBytes(artifactKeys.modelManifest("default", model.id));
    expect(decodeManifest(manifest, "the manifest")).toEqual(record);
  });

  test("a change whose manifest was not written any more is written by the sweep", async () => {
    const { body: model } = await post(channelMeans());
    const key = artifactKeys.modelManifest("default", model.id);
    const before = await service.deps.artifacts.readBytes(key);
    const { body: changed } = await patch(model.id, { labels: ["r", "g", "b"] });
    await service.deps.artifacts.write(key, before);
    await sweepOrphans(service.deps, "default");
    expect(decodeManifest(await service.deps.artifacts.readBytes(key), "the manifest")).toEqual(changed);
  });

  test.each<[unknown, string, RegExp]>([
    [{ labels: ["a"] }, "/labels", /1 names.*2 columns/],
    [{ labels: ["a", ""] }, "/labels/1", /at least 1 char/],
    [{ labels: ["a", "b".repeat(501)] }, "/labels/1", /at most 500 char/],
    [{ names: ["a", "b"] }, "/names", /unknown key/],
    [{ preprocessing: { mean: [0] } }, "/preprocessing", /no picture/],
    [{}, "", /state what is to be changed/],
  ])("%j is refused in words", async (body, pointer, detail) => {
    const model = await importFile(clients, tinyNetwork(), { format: 1, name: "tiny" });
    const answer = await patch(model.id, body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ pointer, detail: expect.stringMatching(detail) }]);
  });

  test("waits for unfinished jobs that start from it, as they read its labels when they resume", async () => {
    const model = await importFile(clients, tinyNetwork(), { format: 1, name: "tiny" });
    const table = Buffer.from(`a,b,c\n${"1,2,x\n3,1,y\n2,2,x\n0,1,y\n".repeat(10)}`);
    const { id: dataset } = await uploadFile(clients, table);
    const spec = {
      ...{ dataset, task: { type: "classification", label: "c", features: ["a", "b"] } },
      base: { model: model.id },
    };
    const headers = { "content-type": "application/json" };
    const sent = { method: "POST", headers, body: JSON.stringify(spec) };
    const job = (await (await fetch(`${service.url}/v1/jobs`, sent)).json()) as { id: string };
    const refused = await patch(model.id, { labels: ["x", "y"] });
    expect([refused.status, refused.body.code]).toEqual([409, "in_use"]);
    expect(refused.body.detail).toContain(job.id);
    expect((await patch(model.id, { licence: "MIT" })).status).toBe(200);
    await fetch(`${service.url}/v1/jobs/${job.id}/cancel`, { method: "POST" });
    expect((await patch(model.id, { labels: ["x", "y"] })).status).toBe(200);
  });
});
