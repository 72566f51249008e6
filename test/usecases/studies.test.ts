import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobEvent } from "../../src/domain/jobs/job.ts";
import type { Study, Trial } from "../../src/domain/studies/study.ts";
import { advanceStudy } from "../../src/usecases/studies/course/advance-study.ts";
import { createClient } from "../rest/client.ts";
import { finishJob, startTestService, type TestService } from "./service.ts";

let service: TestService;
let dataset: string;
beforeAll(async () => {
  // Jobs that end without computing leave the metric that studies go by.
  service = await startTestService({
    deps: (plain) => ({
      ...plain,
      jobs: {
        ...plain.jobs,
        succeed: (fence, model, metrics, at) =>
          plain.jobs.succeed(fence, model, { ...metrics, validationLoss: 0.5, outOfFoldLoss: 0.25 }, at),
      },
    }),
  });
  dataset = (await createClient(() => service.url).upload()).id;
});
afterAll(() => service?.close());

const call = async <T>(path: string, body?: unknown): Promise<T> => {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return (await fetch(`${service.url}/v1/studies${path}`, { headers, ...sent })).json() as Promise<T>;
};
const start = (model: object): Promise<Study> =>
  call("", { job: { dataset, task: { type: "classification", label: "species" }, ...model }, trials: 1 });

test("a study whose last job cannot be trained has failed, and keeps its best; its events begin without an alarm", async () => {
  const { id } = await start({});
  const { deps } = service;
  await advanceStudy(deps, "default", id);
  const { items } = await call<{ items: Trial[] }>(`/${id}/trials`);
  const job = await deps.jobs.get("default", items[0]!.job);
  await finishJob(service, job);
  await advanceStudy(deps, "default", id);
  const waiting = await call<Study>(`/${id}`);
  expect(waiting).toMatchObject({ state: "running", best: { trial: 0, value: 0.5 }, final: { state: "running" } });
  const last = waiting.final!.job;
  await fetch(`${service.url}/v1/jobs/${last}/cancel`, { method: "POST" });
  expect((await fetch(`${service.url}/v1/jobs/${last}`, { method: "DELETE" })).status).toBe(204);
  await advanceStudy(deps, "default", id);
  expect(await call<Study>(`/${id}`)).toMatchObject({
    ...{ state: "failed", best: { trial: 0, value: 0.5 }, final: { state: "failed" } },
    error: { code: "final_failed", message: expect.stringContaining("deleted"), hint: expect.stringContaining("best") },
  });
  const events = await call<{ items: JobEvent[] }>(`/${id}/events`);
  expect(events.items[0]).toMatchObject({ type: "state", message: "submitted" });
});

test("models that are solved exactly are searched by their penalty alone, and stay exact", async () => {
  const { spec } = await start({ model: { type: "softmax" } });
  expect(Object.keys(spec.space)).toEqual(["/training/l2"]);
  expect(spec.job.training?.epochs).toBeUndefined();
});

test("a cross-validation in the job makes the out-of-fold loss the objective, and the last job is measured on the test rows alone", async () => {
  const training = { epochs: 5, crossValidation: { folds: 3 } };
  const { id, spec } = await start({ training });
  expect(spec.job.training).toMatchObject({ crossValidation: { folds: 3, repeats: 1 }, split: { test: 0.2 } });
  expect(spec.job.training?.split).not.toHaveProperty("validation");
  const { deps } = service;
  await advanceStudy(deps, "default", id);
  const { items } = await call<{ items: Trial[] }>(`/${id}/trials`);
  const job = await deps.jobs.get("default", items[0]!.job);
  expect(job.plan.fits).toBe(4);
  await finishJob(service, job);
  await advanceStudy(deps, "default", id);
  const waiting = await call<Study>(`/${id}`);
  expect(waiting).toMatchObject({ best: { trial: 0, value: 0.25 } });
  await advanceStudy(deps, "default", id);
  const last = await deps.jobs.get("default", waiting.final!.job);
  expect(last.spec.training).not.toHaveProperty("crossValidation");
  expect(last.spec.training.split).toMatchObject({ validation: 0, test: 0.2 });
  expect(last.plan.fits).toBeUndefined();
});

test("trials with folds have no epochs to be compared at on the way", async () => {
  const job = { dataset, task: { type: "classification", label: "species" }, training: { crossValidation: {} } };
  expect(await call("", { job, trials: 1, pruner: { type: "asha" } })).toMatchObject({
    errors: [{ pointer: "/pruner/type", detail: expect.stringContaining("all their folds") }],
  });
});
