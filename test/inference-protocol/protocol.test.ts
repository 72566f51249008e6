import { credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { limits } from "../../src/domain/limits.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import {
  GRPCInferenceServiceClient,
  type ModelInferRequest,
  type ModelInferResponse,
} from "../../src/grpc/generated/inference/open_inference.ts";
import { fromBinary, toBinary } from "../../src/inference-protocol/tensor.ts";
import { createAdmit } from "../../src/main/keys/api-keys.ts";
import { admitEveryone } from "../../src/usecases/admission/caller.ts";
import type { FinishedRequest } from "../../src/usecases/admission/finished-request.ts";
import { submitJob } from "../../src/usecases/jobs/submit-job.ts";
import { createRestClient, type RestClient } from "../e2e/rest-client.ts";
import { tinyNetwork } from "../formats/onnx/tiny-network.ts";
import { ask, refusalOf } from "../grpc/clients.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";
import { nothing } from "./no-contents.ts";

interface Answer {
  model_name: string;
  model_version: string;
  id?: string;
  outputs: {
    name: string;
    datatype: string;
    shape: number[];
    data?: (number | string)[];
    parameters?: { binary_data_size: number };
  }[];
  error?: string;
}

describe("the Open Inference Protocol", () => {
  let service: TestService;
  let rest: RestClient;
  let rpc: GRPCInferenceServiceClient;
  let network: ImportedModel;
  let trained: Model;
  let size: number;

  beforeAll(async () => {
    service = await startTestService();
    rest = createRestClient(service.url);
    rpc = new GRPCInferenceServiceClient(service.grpcAddress, credentials.createInsecure());
    const imported = await rest.call<ImportedModel>("/v1/models?name=tiny", {
      method: "POST",
      headers: { "content-type": "application/onnx" },
      body: tinyNetwork(),
    });
    network = imported.body;
    size = network.inputs[0]!.shape.slice(1).reduce((a, b) => a * b, 1);
    const dataset = await rest.upload("iris", iris);
    const caller = await admitEveryone("submitJob", undefined, "");
    const spec = { dataset: dataset.id, name: "flowers", task: { type: "classification", label: "species" } };
    trained = await finishJob(service, (await submitJob(service.deps, caller, { spec })).job);
    await service.deps.catalogue.changeAlias("default", {
      ...{ name: "live", model: network.id, at: new Date().toISOString(), by: null, condition: null },
    });
  });
  afterAll(async () => {
    rpc.close();
    await service.close();
  });

  const infer = (model: string, body: unknown) => rest.post<Answer>(`/v2/models/${model}/infer`, body);
  const values = (): number[] => Array.from({ length: 2 * size }, (_, i) => (i % 5) / 4 - 0.5);
  const shape = () => [2, ...network.inputs[0]!.shape.slice(1)];
  const inputName = () => network.inputs[0]!.name;
  const outputName = () => network.outputs[0]!.name;
  const ofNetwork = (input: object, more: object = {}) => ({
    inputs: [{ name: inputName(), shape: shape(), ...input }],
    ...more,
  });

  it("tells of the server and of models, by id and alias", async () => {
    for (const path of [
      "/v2/health/live",
      "/v2/health/ready",
      "/v2/models/live/ready",
      `/v2/models/${network.id}/versions/1/ready`,
    ])
      expect([path, (await fetch(`${service.url}${path}`)).status]).toEqual([path, 200]);
    expect((await rest.call("/v2")).body).toMatchObject({ name: "descent", extensions: ["binary_tensor_data"] });
    const metadata = await rest.call("/v2/models/live");
    expect(metadata.body).toEqual({
      ...{ name: "live", versions: ["1"], platform: "descent" },
      inputs: network.inputs.map(({ name, shape: sizes }) => ({ name, datatype: "FP32", shape: sizes })),
      outputs: network.outputs.map(({ name, shape: sizes }) => ({ name, datatype: "FP32", shape: sizes })),
    });
    expect(await ask(rpc, rpc.modelMetadata, { name: "live", version: "" })).toEqual(metadata.body);
    expect(await ask(rpc, rpc.serverLive, {})).toEqual({ live: true });
    expect(await ask(rpc, rpc.serverReady, {})).toEqual({ ready: true });
    expect(await ask(rpc, rpc.modelReady, { name: "live", version: "1" })).toEqual({ ready: true });
    expect(await ask(rpc, rpc.serverMetadata, {})).toMatchObject({ name: "descent", version: packageJson.version });
    expect((await rest.call<{ inputs: unknown[] }>(`/v2/models/${trained.id}`)).body.inputs).toEqual([
      { name: "sepal_length", datatype: "FP64", shape: [-1] },
      { name: "sepal_width", datatype: "FP64", shape: [-1] },
    ]);
  });

  it("gives one answer to the same tensors as JSON, binary data, contents and raw contents, which is that of a prediction", async () => {
    const plain = await infer("live", ofNetwork({ datatype: "FP32", data: values() }, { id: "q1" }));
    expect(plain.body).toMatchObject({ model_name: "live", model_version: "1", id: "q1" });
    const output = plain.body.outputs[0]!;
    expect(output).toMatchObject({
      name: outputName(),
      datatype: "FP32",
      shape: [2, ...network.outputs[0]!.shape.slice(1)],
    });
    const rows = [0, 1].map((row) => ({ [inputName()]: values().slice(row * size, (row + 1) * size) }));
    const { body: predicted } = await rest.post<PredictResponse>(`/v1/models/${network.id}/predict`, { rows });
    const wanted = predicted.predictions.flatMap((each) => ("outputs" in each ? [each.outputs[outputName()]] : []));
    expect(output.data).toEqual(wanted.flat(9));

    const bytes = Buffer.from(Float32Array.from(values()).buffer);
    const question = ofNetwork(
      { datatype: "FP32", parameters: { binary_data_size: bytes.length } },
      { parameters: { binary_data_output: true } },
    );
    const json = Buffer.from(JSON.stringify(question));
    const response = await fetch(`${service.url}/v2/models/live/versions/1/infer`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream", "inference-header-content-length": String(json.length) },
      body: Buffer.concat([json, bytes]),
    });
    const length = Number(response.headers.get("inference-header-content-length"));
    const body = new Uint8Array(await response.arrayBuffer());
    const head: Answer = JSON.parse(Buffer.from(body.subarray(0, length)).toString());
    expect(head.outputs[0]!.parameters).toEqual({ binary_data_size: body.length - length });
    expect(fromBinary("y", "FP32", body.subarray(length))).toEqual(output.data);

    const message = (contents: typeof nothing | undefined, raw: Buffer[]): ModelInferRequest => ({
      ...{ modelName: "live", modelVersion: "", id: "q1", parameters: {}, outputs: [], rawInputContents: raw },
      inputs: [{ name: inputName(), datatype: "FP32", shape: shape(), parameters: {}, contents }],
    });
    const typed = await ask(rpc, rpc.modelInfer, message({ ...nothing, fp32Contents: values() }, []));
    expect(typed).toMatchObject({ modelName: "live", modelVersion: "1", id: "q1" });
    expect(typed.outputs[0]!.contents?.fp32Contents).toEqual(output.data);
    const raw: ModelInferResponse = await ask(rpc, rpc.modelInfer, message(undefined, [bytes]));
    expect(fromBinary("y", "FP32", raw.rawOutputContents[0]!)).toEqual(output.data);
  });

  it("asks a model that was trained here by its columns, or by one tensor for all", async () => {
    const columns = await infer(trained.id, {
      inputs: [
        { name: "sepal_length", shape: [2], datatype: "FP64", data: [5.1, 6.2] },
        { name: "sepal_width", shape: [2, 1], datatype: "INT32", data: [[3], [2]] },
      ],
    });
    expect(columns.body.outputs).toEqual([
      { name: "label", datatype: "BYTES", shape: [2], data: ["setosa", "setosa"] },
      { name: "probabilities", datatype: "FP64", shape: [2, 2], data: [1, 0, 1, 0] },
    ]);
    const whole = await infer(trained.id, {
      inputs: [{ name: "features", shape: [2, 2], datatype: "FP64", data: [5.1, 3, 6.2, 2] }],
      outputs: [{ name: "probabilities" }],
    });
    expect(whole.body.outputs).toEqual([columns.body.outputs[1]]);
    const texts = { inputs: [{ name: "features", shape: [1, 2], datatype: "BYTES", data: ["a", "b"] }] };
    expect(await infer(trained.id, texts)).toMatchObject({
      status: 422,
      body: { error: expect.stringContaining("sepal_length") },
    });
  });

  it("reads every datatype, as JSON, contents and binary data", async () => {
    const whole = ["UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP32", "FP64"];
    const ones = Array.from({ length: 2 * size }, (_, i) => i % 2);
    const wanted = (await infer("live", ofNetwork({ datatype: "FP32", data: ones }))).body.outputs;
    for (const datatype of whole) {
      expect((await infer("live", ofNetwork({ datatype, data: ones }))).body.outputs).toEqual(wanted);
      const field = { FP32: "fp32Contents", FP64: "fp64Contents", INT64: "int64Contents", UINT64: "uint64Contents" }[
        datatype
      ];
      const contents = { ...nothing, [field ?? (datatype.startsWith("U") ? "uintContents" : "intContents")]: ones };
      const answer = await ask(rpc, rpc.modelInfer, {
        ...{ modelName: "live", modelVersion: "", id: "", parameters: {}, outputs: [], rawInputContents: [] },
        inputs: [{ name: inputName(), datatype, shape: shape(), parameters: {}, contents }],
      });
      expect(answer.outputs[0]!.contents?.fp32Contents).toEqual(wanted[0]!.data);
    }
    expect((await infer("live", ofNetwork({ datatype: "BOOL", data: ones.map(Boolean) }))).body.outputs).toEqual(
      wanted,
    );
    const halves = Buffer.from([0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c]);
    expect(fromBinary("x", "FP16", halves)).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY]);
    expect(fromBinary("x", "BF16", Buffer.from([0x80, 0x3f, 0x00, 0xc0]))).toEqual([1, -2]);
    expect(fromBinary("x", "INT16", Buffer.from([0xfe, 0xff]))).toEqual([-2]);
    expect(fromBinary("x", "BOOL", Buffer.from([1, 0]))).toEqual([1, 0]);
    const texts = { name: "x", datatype: "BYTES" as const, shape: [2], values: ["a", "bö"] };
    expect(fromBinary("x", "BYTES", toBinary(texts))).toEqual(texts.values);
  });

  it("asks for a key where the service has keys", async () => {
    const finished: FinishedRequest[] = [];
    const closed = await startTestService({ admit: createAdmit([]), onFinished: (one) => finished.push(one) });
    const other = new GRPCInferenceServiceClient(closed.grpcAddress, credentials.createInsecure());
    try {
      for (const [method, path] of [
        ["GET", "/v2/models/live"],
        ["POST", "/v2/models/live/infer"],
      ] as const) {
        const response = await fetch(`${closed.url}${path}`, { method });
        expect([response.status, Object.keys((await response.json()) as object)]).toEqual([401, ["error"]]);
      }
      await expect.poll(() => finished.map(({ operation }) => operation)).toEqual(["getModel", "predict"]);
      expect((await fetch(`${closed.url}/v2/health/live`)).status).toBe(200);
      expect((await refusalOf(ask(other, other.modelMetadata, { name: "live", version: "" }))).status).toBe(
        "UNAUTHENTICATED",
      );
    } finally {
      other.close();
      await closed.close();
    }
  });

  it("is observed as the operations that its requests are, with their caller and model", async () => {
    const finished: FinishedRequest[] = [];
    const observed = await startTestService({ onFinished: (one) => finished.push(one) });
    try {
      for (const [method, url] of [
        ["GET", "/v2/models/nobody"],
        ["POST", "/v2/models/nobody/infer"],
      ] as const)
        expect((await fetch(`${observed.url}${url}`, { method })).status).toBe(404);
      const seen = { caller: { tenant: "default" }, resource: "nobody", status: "404" };
      await expect
        .poll(() => finished)
        .toMatchObject([
          { ...seen, operation: "getModel" },
          { ...seen, operation: "predict" },
        ]);
    } finally {
      await observed.close();
    }
  });

  it("refuses a body beyond its limit, and says it", async () => {
    const response = await fetch(`${service.url}/v2/models/live/infer`, {
      method: "POST",
      body: new Uint8Array(limits.predictBodyBytes + 1),
    });
    expect(response.status).toBe(413);
    expect((await response.json()) as Answer).toEqual({
      error: `a body here may have at most ${limits.predictBodyBytes.toLocaleString("en-US")} bytes`,
    });
  });

  it("refuses in its own form, and says what would be right", async () => {
    const data = values();
    const refusals: [body: unknown, words: string][] = [
      [{ inputs: [] }, "inputs"],
      [ofNetwork({ datatype: "FP31", data }), "datatype FP31"],
      [ofNetwork({ datatype: "FP32", data: data.slice(1) }), "elements"],
      [ofNetwork({ datatype: "FP32", data, shape: [2, 1] }), "shape"],
      [ofNetwork({ datatype: "FP32" }), "no data"],
      [ofNetwork({ datatype: "FP32", parameters: { binary_data_size: 99 } }), "beyond the body"],
      [ofNetwork({ datatype: "FP32", data }, { outputs: [{ name: "nothing" }] }), "no output"],
      [{ inputs: [{ name: "other", shape: [1], datatype: "FP32", data: [1] }] }, "is missing"],
    ];
    for (const [body, words] of refusals) {
      const { status, body: answer } = await infer("live", body);
      expect([status, Object.keys(answer)]).toEqual([400, ["error"]]);
      expect(answer.error).toContain(words);
    }
    for (const path of ["/v2/models/nobody", "/v2/models/live/versions/7", "/v2/models/nobody/ready"]) {
      const { status, body } = await rest.call<Answer>(path);
      expect([path, status, typeof body.error]).toEqual([path, 404, "string"]);
    }
    const large = Buffer.alloc(8);
    large.writeBigInt64LE(2n ** 60n);
    expect(() => fromBinary("x", "INT64", large)).toThrow(/2\^53/);
    expect(() => fromBinary("x", "BYTES", Buffer.from([9, 0, 0, 0, 1]))).toThrow(/within an element/);
    const { status } = await refusalOf(
      ask(
        rpc,
        rpc.modelInfer,
        {
          ...{
            modelName: "nobody",
            modelVersion: "",
            id: "",
            parameters: {},
            inputs: [],
            outputs: [],
            rawInputContents: [],
          },
        },
        new Metadata(),
      ),
    );
    expect(status).toBe("NOT_FOUND");
  });
});
