import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { channelsFirst, mobilenet, pictures, worstLogit } from "../../formats/onnx/mobilenet.ts";
import { modelOf, nodeOf, portOf, tinyNetwork } from "../../formats/onnx/tiny-network.ts";
import { ask, type Clients, connectClients, importFile } from "../../grpc/clients.ts";
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

interface Body {
  detail: string;
  errors: { pointer: string; detail: string }[];
  predictions: { outputs: Record<string, number[]> }[];
}

const bodyOf = async (response: Response): Promise<Body> => (await response.json()) as Body;

const post = async (file: Uint8Array<ArrayBuffer>, type = "application/onnx", query = ""): Promise<Response> =>
  fetch(`${service.url}/v1/models?${query}`, { method: "POST", headers: { "content-type": type }, body: file });

const imported = async (...given: Parameters<typeof post>): Promise<ImportedModel> => {
  const response = await post(...given);
  expect(response.status).toBe(201);
  return (await response.json()) as ImportedModel;
};

const predict = async (id: string, rows: unknown[]) => {
  const response = await fetch(`${service.url}/v1/models/${id}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rows }),
  });
  return { status: response.status, body: await bodyOf(response) };
};

describe("a network from a file", () => {
  test("takes the sizes that it leaves open as they are stated, over both surfaces", async () => {
    const open = modelOf({
      nodes: [nodeOf("Relu", ["x"], "y")],
      inputs: [portOf("x", ["batch", 3, "h", "w"])],
      outputs: [portOf("y", ["batch", 3, "h", "w"])],
    });
    const shape = [-1, 3, 5, 7];
    expect((await imported(open, "application/onnx", "sizes=5x7")).inputs[0]?.shape).toEqual(shape);
    const { imported: wired } = await importFile(clients, open, { format: 1, sizes: "5x7" });
    expect(wired?.inputs[0]?.shape).toEqual(shape);
    for (const [query, detail] of [
      ["sizes=5", /has 1 sizes, and the file leaves 2 open/],
      ["sizes=5,7", /joined by x, such as 640x480/],
    ] as const) {
      const refused = await post(open, "application/onnx", query);
      expect(refused.status).toBe(422);
      expect((await bodyOf(refused)).errors).toEqual([
        { pointer: "/query/sizes", detail: expect.stringMatching(detail) },
      ]);
    }
  });

  test("is imported over REST with what is in it, and answers with the expected logits", async () => {
    const model = await imported(
      mobilenet.onnx(),
      "application/onnx",
      "name=mobilenet&preprocessing=minus_one_to_one&licence=Apache-2.0",
    );
    expect(model).toMatchObject({
      name: "mobilenet",
      origin: "imported",
      inputs: [{ name: "input", type: "float32", shape: [-1, 3, 224, 224] }],
      outputs: [{ name: "logits", type: "float32", shape: [-1, 1000] }],
      parameters: 470_072,
      head: "conv_preds",
      licence: "Apache-2.0",
      image: { height: 224, width: 224, mean: [1, 1, 1] },
      file: { format: "onnx", bytes: 1_969_295, opset: 13 },
    });
    expect(model.frozen).toContain("conv1.bn.running_mean");
    expect(model.trainable).toContain("conv_dw_1.same.conv.weight");
    const { status, body } = await predict(model.id, [{ input: channelsFirst(pictures(1)) }]);
    expect(status).toBe(200);
    expect(worstLogit(body.predictions[0]!.outputs.logits!, 1)).toBeLessThan(1e-4);
    const { artifacts } = service.deps;
    expect(await artifacts.exists(artifactKeys.modelUpload("default", model.id))).toBe(false);
    expect(await (await fetch(`${service.url}/v1/models/${model.id}`)).json()).toEqual(model);
  });

  test("has the same weights from safetensors over gRPC", async () => {
    const onnx = await imported(mobilenet.onnx());
    const model = await importFile(clients, mobilenet.safetensors(), { format: 3, architecture: "mobilenet_v1" });
    expect(model.digest).toBe(onnx.digest);
    expect(model.imported).toMatchObject({ architecture: "mobilenet_v1", head: "conv_preds" });
  });

  test("answers over gRPC too", async () => {
    const model = await importFile(clients, tinyNetwork(), { format: 1, name: "tiny" });
    const { predictions } = await ask(clients.models, clients.models.predict, {
      model: model.id,
      rows: [{ x: [1, 1] }],
      pictures: [],
    });
    expect(predictions[0]?.kind).toMatchObject({ $case: "network", value: { outputs: { y: [3.5, 6.5] } } });
  });

  test("is refused with the node, its operator and what would work", async () => {
    const odd = modelOf({
      nodes: [nodeOf("Conv2", ["x"], "y")],
      inputs: [portOf("x", ["batch", 2])],
      outputs: [portOf("y", ["batch", 2])],
    });
    const response = await post(odd);
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).detail).toMatch(/node "y" \(Conv2\).*did you mean "Conv"/);
    expect(await service.deps.artifacts.list("default/models/")).not.toContainEqual(expect.stringMatching(/upload$/));
  });

  test("is refused with the names of missing tensors", async () => {
    const response = await post(mobilenet.safetensors(), "application/vnd.safetensors", "architecture=resnet18");
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).detail).toMatch(/missing: .*layer1\.0.*not part of it: conv1\.same/s);
  });

  test("tells where a row does not fit", async () => {
    const model = await imported(tinyNetwork());
    const { status, body } = await predict(model.id, [{ x: [1, 2] }, { x: [1, 2, 3] }, { z: 1 }]);
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([
      { pointer: "/rows/1/x", detail: "must have the shape [2]; its axis 0 has 3 entries" },
      { pointer: "/rows/2/z" },
      { pointer: "/rows/2/x", detail: "is missing" },
    ]);
  });

  test("has no report, and says why", async () => {
    const model = await imported(tinyNetwork());
    const response = await fetch(`${service.url}/v1/models/${model.id}/report`);
    expect(response.status).toBe(404);
    expect((await bodyOf(response)).detail).toMatch(/was imported/);
  });
});
