import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/jobs/job.ts";
import { reportOf } from "../../src/store/artifacts/model-files.ts";
import { createRedisRunOutbox } from "../../src/store/redis/outboxes/redis-run-outbox.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import type { RunOutbox } from "../../src/store/run-outbox.ts";
import { connectMlflow } from "../../src/tracking/mlflow.ts";
import type { TrackingDeps } from "../../src/usecases/tracking/log-run.ts";
import { logDueRuns } from "../../src/usecases/tracking/log-runs.ts";
import { tagsOf, toKey } from "../../src/usecases/tracking/run-content.ts";
import { body, createClient, specFor } from "../rest/client.ts";
import { type MlflowStub, startMlflowStub } from "../tracking/mlflow-stub.ts";
import { finishJob, startTestService, type TestService } from "./service.ts";

const leaseMs = 60_000;
const retryMs = [1000, 5000];
let service: TestService;
let stub: MlflowStub;
let outbox: RunOutbox;
let disconnect = () => {};
let stopping = new AbortController();
/** The clock stands still but for this, so that what is put off comes up again when a test says so, and never before. */
let aheadMs = 0;
const startMs = Date.now();
const client = createClient(() => service.url);
beforeAll(async () => {
  service = await startTestService({
    tracked: true,
    deps: (deps) => ({ ...deps, now: () => new Date(startMs + aheadMs) }),
  });
  const redis = createProducerConnection(service.redis.url, () => {});
  const subscriber = createLastingConnection(service.redis.url, () => {});
  await Promise.all([waitForRedis(redis, 5000), waitForRedis(subscriber, 5000)]);
  outbox = createRedisRunOutbox({ redis, subscriber });
  disconnect = () => {
    redis.disconnect();
    subscriber.disconnect();
  };
});
afterAll(async () => {
  disconnect();
  await service.close();
});
beforeEach(async () => {
  stub = await startMlflowStub();
  stopping = new AbortController();
  aheadMs = 0;
});
afterEach(() => stub.close());

const tracking = (): TrackingDeps => {
  const { signal } = stopping;
  const mlflow = connectMlflow({ uri: `${stub.url}/`, authorization: stub.authorization, timeoutMs: 5000, signal });
  return { deps: service.deps, outbox, mlflow, experiment: "descent", retryMs, leaseMs, signal };
};
const look = () => logDueRuns(tracking());
const endedJob = async () => {
  const job = await client.submit(await client.upload());
  return { job, model: await finishJob(service, job) };
};
const notices = async ({ id }: Job) =>
  (await service.deps.jobs.events("default", id, { from: null, limit: 500 })).flatMap((event) =>
    event.type.startsWith("run_") ? [event] : [],
  );
const onlyRun = () => {
  expect([...stub.runs.keys()]).toHaveLength(1);
  return [...stub.runs][0]!;
};

describe("a job that has ended", () => {
  test("is a run with its parameters, curves, results, model and report, once", async () => {
    const { job, model } = await endedJob();
    await look();
    await look();
    const [id, run] = onlyRun();
    const { endedAt, startedAt } = await service.deps.jobs.get("default", job.id);
    expect([...stub.experiments]).toEqual([["descent", "1"]]);
    expect(run).toMatchObject({
      ...{ experiment: "1", name: job.spec.name, status: "FINISHED", endMs: Date.parse(endedAt!) },
      startMs: Date.parse(startedAt!),
      tags: { "descent.job": job.id, "descent.model": model.id, "descent.state": "succeeded" },
      params: { "model/type": "mlp", "task/label": "species" },
    });
    const curve = (key: string) => [...run.metrics.values()].filter((each) => each.key === key);
    expect(curve("loss/train").map(({ step, value }) => [step, value])).toEqual(
      [1, 2, 3].map((step) => [step, 1 / step]),
    );
    expect(curve("model/testAccuracy")).toEqual([
      { key: "model/testAccuracy", value: 1, step: 3, timestamp: Date.parse(endedAt!) },
    ]);
    const folder = `1/${id}/artifacts`;
    const files = ["job.json", "report/report.json", "report/report.html", "model/README.md"];
    const all = [...files, "model/weights.safetensors", "model/model.onnx"].map((name) => `${folder}/${name}`);
    expect([...stub.files.keys()].sort()).toEqual(all.sort());
    expect(stub.files.get(`${folder}/model/weights.safetensors`)!.toString()).toBe("weights of a test");
    expect(JSON.parse(stub.files.get(`${folder}/report/report.json`)!.toString())).toMatchObject({
      task: "classification",
    });
    expect(await notices(job)).toMatchObject([
      { type: "run_logged", data: { run: id, experiment: "descent", files: 6 } },
    ]);
  });

  test("is tried again after a failure and goes on with the same run, and says so", async () => {
    const { job } = await endedJob();
    stub.fault = (path, response) => {
      if (!path.endsWith("weights.safetensors")) return false;
      response.writeHead(503).end("away");
      return true;
    };
    await look();
    await look();
    expect(await notices(job)).toMatchObject([{ type: "run_failed", level: "warn", data: { attempt: 1 } }]);
    expect(onlyRun()[1].status).toBe("RUNNING");
    stub.fault = null;
    aheadMs = retryMs[0]!;
    await look();
    expect(onlyRun()[1].status).toBe("FINISHED");
    expect((await notices(job)).map(({ type }) => type)).toEqual(["run_failed", "run_logged"]);
  });

  test("is given up after the last pause, with the server's words", async () => {
    const { job } = await endedJob();
    stub.authorization = "Bearer right";
    const wrong = {
      ...tracking(),
      mlflow: connectMlflow({ uri: stub.url, authorization: "Bearer wrong", timeoutMs: 5000, signal: stopping.signal }),
    };
    for (const pause of [0, ...retryMs]) {
      aheadMs += pause;
      await logDueRuns(wrong);
    }
    const events = await notices(job);
    expect(events.map(({ type }) => type)).toEqual(["run_failed", "run_failed", "run_given_up"]);
    expect(events.at(-1)!.message).toMatch(
      /3 attempts: experiments\/get-by-name: answered 401 UNAUTHENTICATED: who are you/,
    );
    aheadMs += 1e9;
    stub.authorization = null;
    await look();
    expect(stub.runs.size).toBe(0);
  });

  test("that nobody finished telling of comes up again when its time is over, and not before", async () => {
    const { job } = await endedJob();
    const nowMs = service.deps.now().getTime();
    const due = { tenant: "default", id: job.id };
    expect(await outbox.take(due, nowMs, nowMs + leaseMs)).toMatchObject({ job: { id: job.id }, failures: 0 });
    expect(await outbox.take(due, nowMs, nowMs + leaseMs)).toBeNull();
    await look();
    expect(stub.runs.size).toBe(0);
    aheadMs = leaseMs + 1000;
    await look();
    expect(onlyRun()[1].tags["descent.job"]).toBe(job.id);
  });

  test("is not held against the server when this one stops in the middle", async () => {
    const { job } = await endedJob();
    stub.fault = (path) => {
      if (path !== "runs/log-batch") return false;
      stopping.abort();
      return true;
    };
    await look();
    expect(await notices(job)).toEqual([]);
    [stub.fault, stopping] = [null, new AbortController()];
    await look();
    expect(onlyRun()[1].status).toBe("FINISHED");
  });

  test("is there without its files if the server does not take them", async () => {
    const { job } = await endedJob();
    stub.artifacts = "s3://bucket/mlflow";
    await look();
    expect(stub.files.size).toBe(0);
    const { message, data } = (await notices(job))[0]!;
    expect(message).toMatch(/without files/);
    expect(data).toMatchObject({ files: 0 });
  });

  test("whose report is damaged is tried again, as it may come back from a backup, and holds up no other", async () => {
    const [damaged, sound] = [await endedJob(), await endedJob()];
    const { key } = reportOf("default", damaged.model);
    await service.deps.artifacts.remove(key);
    await service.deps.artifacts.write(key, Buffer.from("{}"));
    await look();
    expect(await notices(damaged.job)).toMatchObject([
      { type: "run_failed", message: expect.stringMatching(/report/) },
    ]);
    expect(await notices(sound.job)).toMatchObject([{ type: "run_logged" }]);
  });

  test("whose model is deleted is a run without it; one that is deleted itself is none", async () => {
    const [first, second] = [await endedJob(), await endedJob()];
    await client.call(`/v1/models/${first.model.id}`, { method: "DELETE" });
    for (const path of [`models/${second.model.id}`, `jobs/${second.job.id}`])
      expect((await client.call(`/v1/${path}`, { method: "DELETE" })).ok).toBe(true);
    await look();
    expect(onlyRun()[1].tags["descent.job"]).toBe(first.job.id);
    expect([...stub.files.keys()].map((path) => path.split("/artifacts/")[1])).toEqual(["job.json"]);
  });

  test("without having run, as it was cancelled, is a killed run", async () => {
    const labels = { customer: "Ä & Ö", "cost:centre": "7" };
    const job = await body(client.post("/v1/jobs", { ...specFor(await client.upload()), labels }));
    await client.post(`/v1/jobs/${job.id}/cancel`);
    await look();
    const tags = { "descent.state": "cancelled", "label.customer": "Ä & Ö", "label.cost_u3a_centre": "7" };
    expect(onlyRun()[1]).toMatchObject({ status: "KILLED", tags });
    const ended = await service.deps.jobs.get("default", job.id);
    const keys = (study: string | null) => tagsOf("default", ended, study).map(({ key }) => key);
    expect(keys("std_1").filter((key) => !keys(null).includes(key))).toEqual(["descent.study"]);
  });
});

test("curves longer than one request takes arrive whole, and parameters beyond a hundred", async () => {
  const mlflow = tracking().mlflow;
  const experiment = await mlflow.experiment("large");
  expect(await mlflow.experiment("large")).toBe(experiment);
  const { id } = await mlflow.createRun({ experiment, name: "large", startMs: 0, tags: [] });
  const metrics = Array.from({ length: 2500 }, (_, step) => ({
    key: `${"k".repeat(249)}${step % 2}`,
    value: Math.PI * step,
    timestamp: 1.7e12 + step,
    step,
  }));
  const params = Array.from({ length: 150 }, (_, i) => ({ key: `p${i}`, value: "v" }));
  await mlflow.log(id, { metrics, params, tags: [] });
  await mlflow.log(id, { metrics, params, tags: [] });
  expect(stub.runs.get(id)!.metrics.size).toBe(2500);
  expect(Object.keys(stub.runs.get(id)!.params)).toHaveLength(150);
});

test.each([
  ["loss/train", "loss/train"],
  ["weightRms/conv:1", "weightRms/conv_u3a_1"],
  ["größe", "gr_uf6__udf_e"],
  ["x".repeat(300), "x".repeat(250)],
])("MLflow's key of %s is %s", (name, key) => expect(toKey(name)).toBe(key));
