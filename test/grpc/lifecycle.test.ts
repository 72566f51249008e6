import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job as DomainJob } from "../../src/domain/jobs/job.ts";
import type { ClassificationReport } from "../../src/domain/models/report.ts";
import { ColumnType } from "../../src/grpc/generated/descent/v1/datasets.ts";
import { type Job, type JobEvent, JobState } from "../../src/grpc/generated/descent/v1/jobs.ts";
import { fromJobSpec } from "../../src/grpc/job-spec.ts";
import { finishJob, iris, startTestService, type TestService } from "../usecases/service.ts";
import { ask, type Clients, connectClients, refusalOf, uploadFile } from "./clients.ts";

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

const specFor = (dataset: string) => ({
  ...{ dataset, labels: {}, task: { type: "classification", label: "species", features: [], exclude: [] } },
});
const submit = async (idempotencyKey?: string): Promise<Job> => {
  const { id } = await uploadFile(clients, iris, { name: "iris" });
  return ask(clients.jobs, clients.jobs.submitJob, { spec: specFor(id), idempotencyKey });
};
const finish = (job: Job) =>
  service.deps.jobs.get("default", job.id).then((record: DomainJob) => finishJob(service, record));

const watch = async (id: string, after?: string): Promise<JobEvent[]> => {
  const events: JobEvent[] = [];
  for await (const event of clients.jobs.watchJob({ id, after })) events.push(event);
  return events;
};

describe("over gRPC", () => {
  it("a data set is uploaded in chunks, shown as over REST, and deleted", async () => {
    const dataset = await uploadFile(clients, iris, {
      name: "iris",
      types: { sepal_width: ColumnType.COLUMN_TYPE_CATEGORY },
    });
    expect(dataset).toMatchObject({ name: "iris", rows: 40, bytes: iris.length });
    const rest = (await (await fetch(`${service.url}/v1/datasets/${dataset.id}`)).json()) as {
      createdAt: string;
      sha256: string;
    };
    expect(dataset).toMatchObject({ createdAt: rest.createdAt, sha256: rest.sha256 });
    expect(dataset.columns.map(({ type }) => type)).toEqual([1, 2, 2]);
    const { rows } = await ask(clients.datasets, clients.datasets.listDatasetRows, { id: dataset.id, limit: 1 });
    expect(rows).toEqual([{ sepal_length: 5, sepal_width: "3.0", species: "setosa" }]);
    const { items } = await ask(clients.datasets, clients.datasets.listDatasets, {});
    expect(items[0]).toEqual(dataset);
    await ask(clients.datasets, clients.datasets.deleteDataset, { id: dataset.id });
    expect((await refusalOf(ask(clients.datasets, clients.datasets.getDataset, { id: dataset.id }))).status).toBe(
      "NOT_FOUND",
    );
  });

  it("an upload must begin with its header", async () => {
    const headless = new Promise((resolve, reject) => {
      const call = clients.datasets.uploadDataset((error, response) =>
        error === null ? resolve(response) : reject(error),
      );
      call.end({ part: { $case: "chunk", value: Buffer.from("a,b\n") } });
    });
    expect(await refusalOf(headless)).toMatchObject({ status: "INVALID_ARGUMENT", problem: { code: "malformed" } });
  });

  it("a job runs its course: planned, submitted once, watched, finished", async () => {
    const job = await submit("key-1");
    expect(job).toMatchObject({ state: JobState.JOB_STATE_QUEUED, done: false, model: undefined });
    const rest = (await (await fetch(`${service.url}/v1/jobs/${job.id}`)).json()) as DomainJob;
    // What is answered may be sent again as it is.
    expect({ labels: {}, ...(fromJobSpec(job.spec) as object), task: rest.spec.task }).toMatchObject(rest.spec);
    expect(job.plan).toEqual(rest.plan);
    const again = await ask(clients.jobs, clients.jobs.submitJob, {
      spec: specFor(rest.spec.dataset),
      idempotencyKey: "key-1",
    });
    expect(again.id).toBe(job.id);

    const watching = watch(job.id);
    const waiting = ask(clients.jobs, clients.jobs.getJob, { id: job.id, waitSeconds: 20 });
    const { id } = await finish(job);
    const events = await watching;
    expect(events.filter(({ type }) => type === "state").map(({ data }) => data?.state)).toEqual([
      "queued",
      "running",
      "succeeded",
    ]);
    expect(events.filter(({ type }) => type === "state").map(({ detail }) => detail)).toEqual(
      [
        { state: JobState.JOB_STATE_QUEUED, attempt: 0 },
        { state: JobState.JOB_STATE_RUNNING, attempt: 1 },
        { state: JobState.JOB_STATE_SUCCEEDED, attempt: 1 },
      ].map((value) => ({ $case: "state", value })),
    );
    expect(await watch(job.id, events[0]?.id)).toEqual(events.slice(1));
    expect((await waiting).state).not.toBe(JobState.JOB_STATE_QUEUED);
    const page = await ask(clients.jobs, clients.jobs.listJobEvents, { id: job.id });
    expect(page.items).toEqual(events);
    const history = await ask(clients.jobs, clients.jobs.listJobMetrics, { id: job.id, limit: 2 });
    expect([history.items.map(({ step }) => step), history.nextAfter]).toEqual([[1, 2], 2]);

    const rows: Uint8Array[] = [];
    for await (const { chunk } of clients.jobs.getJobRows({ id: job.id })) rows.push(chunk);
    expect(Buffer.concat(rows).toString()).toMatch(/^row,split\n(\d+,(train|test)\n)+$/);
    const model = await ask(clients.models, clients.models.getModel, { id });
    expect(model).toMatchObject({ job: job.id, base: undefined, metrics: { testAccuracy: 1 } });
    const { report } = await ask(clients.models, clients.models.getModelReport, { id });
    const sameReport = (await (await fetch(`${service.url}/v1/models/${id}/report`)).json()) as ClassificationReport;
    expect(report?.fields).toEqual(sameReport);
    expect(report?.kind).toMatchObject({ $case: "classification", value: { accuracy: sameReport.accuracy } });
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of clients.models.getModelWeights({ id })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("weights of a test");
    const { predictions } = await ask(clients.models, clients.models.predict, {
      model: id,
      rows: [{ sepal_length: 5, sepal_width: 3 }],
      pictures: [],
    });
    expect(predictions[0]?.kind).toMatchObject({ $case: "classification", value: { label: "setosa" } });
    await ask(clients.jobs, clients.jobs.deleteJob, { id: job.id });
    await ask(clients.models, clients.models.deleteModel, { id });
    expect((await ask(clients.models, clients.models.listModels, {})).items).toEqual([]);
  });

  it("many jobs are submitted in one call, each with its own outcome", async () => {
    const { id: dataset } = await uploadFile(clients, iris);
    const specs = [
      specFor(dataset),
      { ...specFor(dataset), labels: { a: "" } },
      specFor("ds_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ];
    const { outcomes } = await ask(clients.jobs, clients.jobs.submitJobs, { specs, idempotencyKey: "many" });
    expect(outcomes.map(({ index, created }) => [index, created])).toEqual([
      [0, true],
      [1, true],
      [2, false],
    ]);
    expect(outcomes[2]).toMatchObject({
      id: undefined,
      problem: { code: "invalid", status: 422, errors: [{ pointer: "/dataset" }] },
    });
    for (const { id } of outcomes.slice(0, 2))
      expect((await ask(clients.jobs, clients.jobs.cancelJob, { id: id ?? "" })).state).toBe(
        JobState.JOB_STATE_CANCELLED,
      );
  });

  it("a job is paused, resumed and cancelled, and listed by state", async () => {
    const { id } = await submit();
    expect((await ask(clients.jobs, clients.jobs.pauseJob, { id })).state).toBe(JobState.JOB_STATE_PAUSED);
    const paused = await ask(clients.jobs, clients.jobs.listJobs, { state: JobState.JOB_STATE_PAUSED });
    expect(paused.items.map((job) => job.id)).toEqual([id]);
    expect((await ask(clients.jobs, clients.jobs.resumeJob, { id })).state).toBe(JobState.JOB_STATE_QUEUED);
    expect((await ask(clients.jobs, clients.jobs.cancelJob, { id })).state).toBe(JobState.JOB_STATE_CANCELLED);
    expect(await refusalOf(ask(clients.jobs, clients.jobs.resumeJob, { id }))).toMatchObject({
      status: "FAILED_PRECONDITION",
      problem: { code: "forbidden_transition" },
    });
  });

  it("a watch ends with the client's deadline and with the server", async () => {
    const { id } = await submit();
    const deadline = clients.jobs.watchJob({ id }, new Metadata(), { deadline: Date.now() + 200 });
    await expect(
      (async () => {
        for await (const _ of deadline);
      })(),
    ).rejects.toMatchObject({ code: 4 });
  });

  it("bytes that are not the message are the client's mistake", async () => {
    const broken = new Promise((resolve, reject) => {
      clients.jobs.makeUnaryRequest(
        "/descent.v1.JobsService/GetJob",
        () => Buffer.from([0xff, 0xff, 0xff]),
        (bytes) => bytes,
        {},
        (error, value) => (error === null ? resolve(value) : reject(error)),
      );
    });
    expect(await refusalOf(broken)).toMatchObject({ status: "INVALID_ARGUMENT", problem: { code: "malformed" } });
  });
});
