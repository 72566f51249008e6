import { afterAll, beforeAll, expect, test } from "vitest";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { runOnnx } from "../exporting/runtime.ts";
import { type MlflowStub, startMlflowStub } from "../tracking/mlflow-stub.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

let service: Service;
let mlflow: MlflowStub;
let dataDir: string;
beforeAll(async () => {
  dataDir = await createDataDir();
  mlflow = await startMlflowStub();
  mlflow.authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
  const login = { MLFLOW_TRACKING_USERNAME: "me", MLFLOW_TRACKING_PASSWORD: "secret" };
  service = await startService(dataDir, { MLFLOW_TRACKING_URI: mlflow.url, ...login });
});
afterAll(async () => {
  await service?.stop();
  await mlflow?.close();
  await removeDataDir(dataDir);
});

test("a model that was trained here is downloaded as ONNX says elsewhere what it says here, and is a run of MLflow", async () => {
  const client = createRestClient(service.url);
  const dataset = await client.upload("iris", await dataFile("iris"));
  const spec = {
    ...{ dataset: dataset.id, task: { type: "classification", label: "species" } as const },
    training: { epochs: 20, penaltySearch: false as const },
  };
  const job = await client.untilDone((await client.submit(spec)).id);
  const rows = [
    { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 },
    { sepal_length: 6.3, sepal_width: 3.3, petal_length: 60, petal_width: 2.5 },
  ];
  const at = `${service.url}/v1/models/${job.model}`;
  const body = JSON.stringify({ rows });
  const asked = await fetch(`${at}/predict`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { predictions } = (await asked.json()) as { predictions: Prediction[] };
  const file = new Uint8Array(await (await fetch(`${at}/onnx`)).arrayBuffer());
  const names = Object.keys(rows[0]!) as (keyof (typeof rows)[0])[];
  const feeds = names.map((name) => [
    name,
    { type: "float64" as const, dims: [2, 1], data: Float64Array.from(rows, (row) => row[name]) },
  ]);
  const { label, probabilities } = await runOnnx(file, Object.fromEntries(feeds));
  expect(label!.data).toEqual(predictions.map((said) => "label" in said && said.label));
  const said = predictions.flatMap((one) => ("probabilities" in one ? Object.values(one.probabilities ?? {}) : []));
  said.forEach((p, i) => void expect(Math.abs((p as number) - (probabilities!.data[i] as number))).toBeLessThan(1e-5));
  expect(said.length).toBe(6);
  await mlflow.ended;
  const [id, run] = [...mlflow.runs][0]!;
  expect(run).toMatchObject({ status: "FINISHED", tags: { "descent.job": job.id, "descent.model": job.model } });
  expect([...run.metrics.values()].filter(({ key }) => key === "loss/train")).toHaveLength(20);
  expect(Buffer.compare(mlflow.files.get(`1/${id}/artifacts/model/model.onnx`)!, file)).toBe(0);
});
