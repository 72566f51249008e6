import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { partsOf } from "../grpc/parts.ts";
import { type DataSetCase, dataSetCases } from "./data-sets.ts";
import { createGrpcClient, type GrpcClient } from "./grpc-client.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

describe("the five data sets over gRPC, all defaults", () => {
  let service: Service;
  let dataDir: string;
  let client: GrpcClient;
  const table: Record<string, string | number>[] = [];

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createGrpcClient(service.grpc);
  });
  afterAll(async () => {
    console.table(table);
    client?.close();
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const specOf = ({ name, task, model }: DataSetCase, dataset: string) => ({
    name,
    dataset,
    task: { type: task.type, label: "label" in task ? task.label : undefined, features: [], exclude: [] },
    ...(model === undefined ? {} : partsOf({ model }, "typed")),
    labels: {},
  });

  test.each(dataSetCases)("$name: uploaded in chunks, submitted, watched to its end, used", async (each) => {
    const dataset = await client.upload(each.file, await dataFile(each.file));
    const startedMs = performance.now();
    const submitted = await client.submit(specOf(each, dataset.id));
    const events = await client.watch(submitted.id);
    const seconds = (performance.now() - startedMs) / 1000;
    expect(events.filter(({ type }) => type === "state").length).toBeGreaterThanOrEqual(3);
    const job = await client.job(submitted.id);
    expect(job).toMatchObject({ done: true, progress: 1, error: undefined });
    const model = await client.model(job.model ?? "");
    expect(model.digest).toMatch(/^sha256:/);
    const { predictions } = await client.predict(model.id, [{}, {}]);
    expect(predictions).toHaveLength(2);
    const value = job.metrics[each.metric] ?? Number.NaN;
    table.push({
      "data set": each.name,
      "seed 42": value.toFixed(3),
      "scikit-learn": each.reference,
      seconds: seconds.toFixed(2),
    });
    expect(value).toBeGreaterThan(each.reference - (each.metric === "testR2" ? 0.25 : 0.06));
  });

  test("a job over gRPC and the same over REST give the same weights", async () => {
    const iris = dataSetCases[0]!;
    const dataset = await client.upload("iris", await dataFile("iris"));
    const overGrpc = await client.submit(specOf(iris, dataset.id));
    await client.watch(overGrpc.id);
    const rest = createRestClient(service.url);
    const overRest = await rest.untilDone(
      (await rest.submit({ name: iris.name, dataset: dataset.id, task: iris.task })).id,
    );
    const model = await client.model((await client.job(overGrpc.id)).model ?? "");
    expect((await rest.model(overRest.model ?? "")).digest).toBe(model.digest);
  });

  test("an error carries its status and the problem document", async () => {
    const error = await client.job("job_01KAV3M1V00000000000000000").then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: status.NOT_FOUND });
  });
});
