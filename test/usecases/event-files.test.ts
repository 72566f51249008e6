import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Study, Trial } from "../../src/domain/studies/study.ts";
import { tarFiles } from "../../src/formats/archives/tar-files.ts";
import { tagOf } from "../../src/usecases/event-files/curve-events.ts";
import { advanceStudy } from "../../src/usecases/studies/course/advance-study.ts";
import { readEventFile } from "../formats/event-files/read-event-file.ts";
import { connectClients } from "../grpc/clients.ts";
import { createClient } from "../rest/client.ts";
import { finishJob, type TestService } from "./service.ts";
import { startStudyService } from "./study-service.ts";

let service: TestService;
const client = createClient(() => service.url);
beforeAll(async () => {
  service = await startStudyService(() => ({ validationLoss: 0.5 }));
});
afterAll(() => service?.close());

const bytesOf = async (path: string) => new Uint8Array(await (await client.call(path)).arrayBuffer());

test.each([
  ["trainLoss", "loss/train"],
  ["validationRootMeanSquaredError", "rootMeanSquaredError/validation"],
  ["outOfFoldAccuracy", "accuracy/outOfFold"],
  ["testR2", "r2/test"],
  ["l2", "l2"],
  ["training", "training"],
])("%s is TensorBoard's %s", (name, tag) => expect(tagOf(name)).toBe(tag));

test("a job's event file has its curves, its specification and how it ended, with sound sums; the same each time, and over gRPC", async () => {
  const job = await client.submit(await client.upload());
  const path = `/v1/jobs/${job.id}/tensorboard`;
  const waiting = readEventFile(await bytesOf(path));
  expect(waiting).toMatchObject({ version: "brain.Event:2", scalars: [], status: null });
  await finishJob(service, job);
  const answer = await client.call(path);
  expect(answer.headers.get("content-disposition")).toMatch(/filename="events\.out\.tfevents\.\d{10}\.job_\w+"/);
  const file = new Uint8Array(await answer.arrayBuffer());
  const { scalars, hyperParameters, status } = readEventFile(file);
  const curve = (tag: string) => scalars.filter((each) => each.tag === tag).map(({ step, value }) => [step, value]);
  expect(curve("loss/train")).toEqual([1, 2, 3].map((step) => [step, Math.fround(1 / step)]));
  expect(curve("loss/validation")).toHaveLength(3);
  expect(curve("model/validationLoss")).toEqual([[3, 0.5]]);
  expect(curve("gradientRms/output")).toHaveLength(3);
  expect(curve("model/testAccuracy")).toEqual([[3, 1]]);
  const { startedAt } = await service.deps.jobs.get("default", job.id);
  expect(scalars[0]!.seconds).toBeCloseTo(Date.parse(startedAt!) / 1000 + 0.1, 3);
  expect(hyperParameters).toMatchObject({
    ...{ "model/type": "mlp", "optimizer/learningRate": job.spec.optimizer.learningRate },
    ...{ "task/label": "species", "model/hidden": JSON.stringify("hidden" in job.spec.model && job.spec.model.hidden) },
  });
  expect(status).toBe(1);
  expect(await bytesOf(path)).toEqual(file);
  const clients = connectClients(service.grpcAddress);
  const chunks = await clients.jobs.getJobEventFile({ id: job.id }).toArray();
  expect(Buffer.concat(chunks.map(({ chunk }: { chunk: Uint8Array }) => chunk))).toEqual(Buffer.from(file));
  clients.close();
});

test("a study is a folder of runs, whose values are the columns of one table; a trial whose job is deleted keeps its place", async () => {
  const dataset = (await client.upload()).id;
  const spec = {
    job: { dataset, task: { type: "classification", label: "species" } },
    space: {
      "/optimizer/learningRate": { min: 0.001, max: 0.1, scale: "log" },
      "/model/hidden": { choices: [[8], [4, 4]] },
    },
    ...{ trials: 2, parallel: 2, final: false },
  };
  const study = (await (await client.post("/v1/studies", spec)).json()) as Study;
  await advanceStudy(service.deps, "default", study.id);
  const trials: Trial[] = await service.deps.studies.trials("default", study.id);
  for (const trial of trials) await finishJob(service, await service.deps.jobs.get("default", trial.job));
  await advanceStudy(service.deps, "default", study.id);
  await client.call(`/v1/jobs/${trials[1]!.job}`, { method: "DELETE" });
  const tar = await bytesOf(`/v1/studies/${study.id}/tensorboard`);
  const limits = { entries: 10, entryBytes: 1e6, totalBytes: 1e6 };
  const files = new Map<string, ReturnType<typeof readEventFile>>();
  for await (const { path, ...file } of tarFiles(Readable.from([tar]), limits))
    if ("bytes" in file) files.set(path.split("/").slice(0, -1).join("/"), readEventFile(file.bytes));
  expect([...files.keys()]).toEqual([study.id, `${study.id}/trial_000`, `${study.id}/trial_001`]);
  expect(files.get(study.id)).toMatchObject({
    columns: expect.arrayContaining(["optimizer/learningRate", "model/hidden"]),
    metrics: ["objective", "loss/validation"],
  });
  const [, first, deleted] = [...files.values()];
  for (const [i, run] of [first!, deleted!].entries()) {
    expect(run.hyperParameters["optimizer/learningRate"]).toBe(trials[i]!.values["/optimizer/learningRate"]);
    expect(run.hyperParameters["model/hidden"]).toBe(JSON.stringify(trials[i]!.values["/model/hidden"]));
    expect(run.scalars.filter(({ tag }) => tag === "objective").map(({ value }) => value)).toEqual([0.5]);
    expect(run.status).toBe(1);
  }
  expect(first!.scalars.filter(({ tag }) => tag === "loss/train")).toHaveLength(3);
  expect(deleted!.scalars).toHaveLength(1);
});
