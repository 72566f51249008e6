import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type S3Stub, startS3Stub, stubKeys, stubSettings } from "../conformance/s3-stub.ts";
import { createRestClient, dataFile } from "./rest-client.ts";
import { createDataDir, removeDataDir, runMain, type Service, startService } from "./service.ts";

/** The whole service with its artifacts in a bucket. */
describe("with artifacts in S3", () => {
  let stub: S3Stub;
  let dataDir: string;
  let service: Service | undefined;
  beforeEach(async () => {
    stub = await startS3Stub({ pageSize: 1000 });
    dataDir = await createDataDir();
  });
  afterEach(async () => {
    await service?.stop();
    await stub.close();
    await removeDataDir(dataDir);
  });

  test("data sets, jobs, predictions, downloads and deletions work, also while the store stumbles; trainers fetch a data set once", async () => {
    service = await startService(dataDir, stubSettings(stub));
    const client = createRestClient(service.url);
    let requests = 0;
    stub.fault = () => (++requests % 7 === 0 ? { kind: "refuse", status: 503, code: "SlowDown" } : null);
    const { id: dataset } = await client.upload("iris", await dataFile("iris"));
    const train = async () => {
      const task = { type: "classification", label: "species" } as const;
      const spec = { dataset, task, training: { epochs: 3, earlyStopping: false as const, seed: 1 } };
      const done = await client.untilDone((await client.submit(spec)).id);
      expect(done.state).toBe("succeeded");
      return client.model(done.model!);
    };
    const isData = ({ method, key }: { method: string; key: string }) => method === "GET" && key.endsWith("data.csv");
    const first = await train();
    stub.fault = () => null;
    stub.asked.length = 0;
    const second = await train();
    expect(second.digest).toBe(first.digest);
    expect(stub.asked.filter(isData)).toEqual([]);
    expect((await readdir(join(dataDir, "artifact-cache"))).filter((name) => !name.startsWith("."))).toHaveLength(1);
    const row = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    expect((await client.predict(first.id, [row])).predictions).toHaveLength(1);
    const download = await fetch(`${service.url}/v1/models/${first.id}/weights`);
    expect((await download.arrayBuffer()).byteLength).toBe(first.files?.weights.bytes);
    expect([...stub.objects.keys()].every((key) => key.startsWith("descent/"))).toBe(true);
    for (const path of [`models/${first.id}`, `models/${second.id}`, `datasets/${dataset}`])
      expect((await client.call(`/v1/${path}`, { method: "DELETE" })).status).toBe(204);
    expect([...stub.objects.keys()].filter((key) => /\/(models|datasets)\//.test(key))).toEqual([]);
  });

  test("a start with a wrong key ends with one line that says so", async () => {
    const { code, errors, output } = await runMain({
      ...{ DATA_DIR: dataDir, ...stubSettings(stub), AWS_ACCESS_KEY_ID: "AKIDOTHER", LOG_LEVEL: "silent" },
    });
    expect(code).not.toBe(0);
    expect(`${errors}${output}`).toMatch(
      /ARTIFACT_URL=.* is not known there: check AWS_ACCESS_KEY_ID \(InvalidAccessKeyId\)/,
    );
    expect(`${errors}${output}`).not.toContain(stubKeys.secretAccessKey);
  });
});
