import { afterAll, beforeAll, expect, test } from "vitest";
import { ServiceError } from "../../src/domain/errors.ts";
import type { JobEvent } from "../../src/domain/jobs/job.ts";
import type { Importances } from "../../src/domain/studies/standing.ts";
import type { Study, Trial } from "../../src/domain/studies/study.ts";
import { createKnownPlans } from "../../src/usecases/jobs/planning/known-plans.ts";
import { advanceStudy } from "../../src/usecases/studies/course/advance-study.ts";
import { dimensionsOf, proposedPoint } from "../../src/usecases/studies/course/next-trial.ts";
import { createTrialMemory } from "../../src/usecases/studies/course/trial-memory.ts";
import { createClient } from "../rest/client.ts";
import { finishJob, type TestService } from "./service.ts";
import { callStudies, startStudyService } from "./study-service.ts";

let service: TestService;
let dataset: string;
beforeAll(async () => {
  service = await startStudyService(() => ({ validationLoss: 0.5, outOfFoldLoss: 0.25 }));
  dataset = (await createClient(() => service.url).upload()).id;
});
afterAll(() => service?.close());

const call = callStudies(() => service);
const start = (model: object, study: object = {}): Promise<Study> =>
  call("", { job: { dataset, task: { type: "classification", label: "species" }, ...model }, trials: 1, ...study });

const template = () => ({ dataset, task: { type: "classification", label: "species" } });

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
  const late = await call(`/${id}/pause`, {});
  expect(late).toMatchObject({ code: "forbidden_transition", title: "Its state does not allow this" });
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

test("a trial whose plan takes too long on a busy machine is planned again later, and has not failed", async () => {
  const { id } = await call<Study>("", { job: template(), trials: 1 });
  const { deps } = service;
  const busy = () =>
    new ServiceError("overloaded", "the plan came to no end on a busy machine", { retryAfterSeconds: 10 });
  const plan = async (): Promise<never> => {
    throw busy();
  };
  // Of a process that has planned nothing alike before.
  const knownPlans = createKnownPlans();
  await advanceStudy({ ...deps, engine: { ...deps.engine, plan }, knownPlans }, "default", id);
  const trials = () => call<{ items: Trial[] }>(`/${id}/trials`);
  expect((await trials()).items).toMatchObject([{ state: "running", submitted: false, error: null }]);
  await advanceStudy(deps, "default", id);
  expect((await trials()).items).toMatchObject([{ state: "running", submitted: true, error: null }]);
});

test("a trial whose model is too large to be planned has failed, and says why", async () => {
  const { id } = await call<Study>("", { job: template(), trials: 1 });
  const { deps } = service;
  const plan = async (): Promise<never> => {
    throw new ServiceError("over_limit", "planning this model took longer than 10 s");
  };
  const engine = { ...deps.engine, plan };
  await advanceStudy({ ...deps, engine, knownPlans: createKnownPlans() }, "default", id);
  const { items } = await call<{ items: Trial[] }>(`/${id}/trials`);
  expect(items).toMatchObject([{ state: "failed", error: "planning this model took longer than 10 s" }]);
});

test("a study's choice is one model, and no ensemble of folds", async () => {
  const training = { crossValidation: { model: "folds" } };
  const job = { dataset, task: { type: "classification", label: "species" }, training };
  expect(await call("", { job, trials: 1 })).toMatchObject({
    errors: [{ pointer: "/job/training/crossValidation/model", detail: expect.stringContaining("as one model") }],
  });
});

/** Proposes a trial and lets it succeed. */
const runTrial = async (id: string): Promise<void> => {
  const { deps } = service;
  await advanceStudy(deps, "default", id);
  const { items } = await call<{ items: Trial[] }>(`/${id}/trials`);
  await finishJob(service, await deps.jobs.get("default", items.at(-1)!.job));
};

test("a study starts from the finished trials of an earlier one: they are in its record, and its first proposal is no random one", async () => {
  const earlier = await call<Study>("", { job: template(), trials: 12, parallel: 1 });
  for (let i = 0; i < 12; i++) await runTrial(earlier.id);
  await advanceStudy(service.deps, "default", earlier.id);
  const cold = await call<Study>("", { job: template(), trials: 1, seed: 7 });
  const warm = await call<Study>("", { job: template(), trials: 1, seed: 7, warmStart: [earlier.id] });
  expect(warm.earlier).toHaveLength(12);
  expect(warm.earlier![0]).toMatchObject({ study: earlier.id, trial: 0, value: 0.5 });
  expect(cold.earlier).toBeUndefined();
  const [first, second] = await Promise.all(
    [cold, warm].map(async ({ id }) => {
      await advanceStudy(service.deps, "default", id);
      return (await call<{ items: Trial[] }>(`/${id}/trials`)).items[0]!;
    }),
  );
  expect(second!.point).not.toEqual(first!.point);
  const record = await service.deps.studies.get("default", warm.id);
  const { point } = second!;
  expect(proposedPoint(record.study, dimensionsOf(record.study), [], second!)).toEqual(point);
});

test("a start from a study on other rows says so, in the plan and in its events", async () => {
  const earlier = await call<Study>("", { job: template(), trials: 1, parallel: 1 });
  await runTrial(earlier.id);
  await advanceStudy(service.deps, "default", earlier.id);
  const job = { ...template(), training: { seed: 7, split: { validation: 0.3 } } };
  const body = { job, trials: 1, warmStart: [earlier.id] };
  const told = expect.stringMatching(
    /differs in the seed that draws the rows \(42, here 7\), the share of validation rows \(0\.2, here 0\.3\)/,
  );
  expect((await call<{ warnings: string[] }>("?validateOnly=true", body)).warnings[0]).toEqual(told);
  const { id } = await call<Study>("", body);
  const { items } = await call<{ items: JobEvent[] }>(`/${id}/events`);
  expect(items[1]).toMatchObject({ level: "warn", type: "warning", message: told });
});

test("a grid that is not tried whole says so, in the plan and in its events", async () => {
  const job = { ...template(), name: "mine", training: { l2: 0.1 } };
  const body = { job, trials: 2, sampler: { type: "grid", points: 3 } };
  const told = [/^the grid has \d+ points, and the study 2 trials/, /^\/job\/name /, /^\/job\/training\/l2 /].map(
    (text) => expect.stringMatching(text),
  );
  expect(await call("?validateOnly=true", body)).toMatchObject({ warnings: expect.arrayContaining(told) });
  const { id } = await call<Study>("", body);
  const { items } = await call<{ items: JobEvent[] }>(`/${id}/events`);
  expect(items.slice(1)).toMatchObject(told.map((message) => ({ level: "warn", type: "warning", message })));
});

test("trials of a paused study are paused, and run again when it does", async () => {
  const { id } = await start({});
  const { deps } = service;
  await advanceStudy(deps, "default", id);
  const states = async () => [
    (await call<{ items: Trial[] }>(`/${id}/trials`)).items.map(({ state }) => state),
    (await call<Study>(`/${id}`)).counts,
  ];
  expect(await states()).toEqual([["running"], expect.objectContaining({ running: 1 })]);
  await call(`/${id}/pause`, {});
  await advanceStudy(deps, "default", id);
  expect(await states()).toEqual([["paused"], expect.objectContaining({ running: 0, paused: 1 })]);
  await call(`/${id}/resume`, {});
  const [trials, counts] = await states();
  expect([trials, counts]).toEqual([["running"], expect.not.objectContaining({ paused: 1 })]);
});

test("whoever follows a study reads its trials once, and again after another's step", async () => {
  const { id } = await start({}, { trials: 3, parallel: 1 });
  let reads = 0;
  const { studies, ...rest } = service.deps;
  const trials: typeof studies.trials = (...asked) => {
    reads += 1;
    return studies.trials(...asked);
  };
  const counting = { ...rest, studies: { ...studies, trials } };
  const memory = createTrialMemory();
  const endOne = async (): Promise<void> => {
    const all = await studies.trials("default", id);
    await finishJob(service, await service.deps.jobs.get("default", all.at(-1)!.job));
  };
  await advanceStudy(counting, "default", id, memory);
  await endOne();
  await advanceStudy(counting, "default", id, memory);
  expect(reads).toBe(1);
  await endOne();
  await advanceStudy(service.deps, "default", id);
  await advanceStudy(counting, "default", id, memory);
  expect(reads).toBe(2);
});

test("an importance that is not known says why", async () => {
  const { id } = await start({});
  const { items } = await call<Importances>(`/${id}/importances`);
  expect(items[0]).toMatchObject({ importance: null, reason: "0 trials that succeeded have it; it takes 10 to tell" });
});

test("a start from few trials repeats none of them, though the seed is the same", async () => {
  const earlier = await call<Study>("", { job: template(), trials: 3, parallel: 1 });
  for (let i = 0; i < 3; i++) await runTrial(earlier.id);
  await advanceStudy(service.deps, "default", earlier.id);
  const warm = await call<Study>("", { job: template(), trials: 3, parallel: 3, warmStart: [earlier.id] });
  await advanceStudy(service.deps, "default", warm.id);
  const [first, second] = await Promise.all(
    [earlier, warm].map(async ({ id }) => (await call<{ items: Trial[] }>(`/${id}/trials`)).items),
  );
  const rates = [...first!, ...second!].map(({ point }) => point["/optimizer/learningRate"]);
  expect(new Set(rates).size).toBe(6);
});

test("a start from another study is refused where its values say nothing here", async () => {
  const other = await call<Study>("", { job: template(), trials: 1, objective: { metric: "validationAccuracy" } });
  const refusalOf = (body: object) => call("", { job: template(), ...body });
  expect(await refusalOf({ warmStart: [other.id] })).toMatchObject({
    errors: [{ pointer: "/warmStart/0", detail: expect.stringMatching(/another objective.*guesses/) }],
  });
  expect(await refusalOf({ warmStart: [other.id], sampler: { type: "random" } })).toMatchObject({
    errors: [{ pointer: "/warmStart", detail: expect.stringContaining("tpe") }],
  });
  const objective = { metric: "validationAccuracy" };
  expect(await refusalOf({ warmStart: [other.id], objective })).toMatchObject({
    errors: [{ pointer: "/warmStart/0", detail: expect.stringContaining("no finished trial") }],
  });
  const absent = other.id.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  expect(await refusalOf({ warmStart: [absent] })).toMatchObject({ errors: [{ pointer: "/warmStart/0" }] });
});

test("an objective has the direction of its metric", async () => {
  const objective = { metric: "validationLoss", direction: "maximize" };
  expect(await call("", { job: template(), objective })).toMatchObject({
    errors: [{ pointer: "/objective/direction", detail: "validationLoss is to be minimized; leave direction out" }],
  });
});

test("no trial is started once the epochs of all are used up", async () => {
  const job = { ...template(), training: { epochs: 10 } };
  const { id } = await call<Study>("", { job, trials: 20, parallel: 4, maxEpochs: 30, final: false });
  await advanceStudy(service.deps, "default", id);
  const { items } = await call<{ items: Trial[] }>(`/${id}/trials`);
  expect(items).toHaveLength(3);
  for (const { job } of items) await finishJob(service, await service.deps.jobs.get("default", job));
  await advanceStudy(service.deps, "default", id);
  // They ended after fewer epochs than they might have had: there is room for as many again, and no more.
  const later = (await call<{ items: Trial[] }>(`/${id}/trials`)).items;
  const used = later.slice(0, 3).reduce((sum, { epochs }) => sum + epochs, 0);
  expect(used).toBeLessThan(30);
  expect(later).toHaveLength(3 + Math.ceil((30 - used) / 10));
});

test("all trials are one CSV file, with a column for each pointer", async () => {
  const space = { "/optimizer/learningRate": { min: 0.01, max: 0.1 }, "/model": { choices: [{ type: "softmax" }] } };
  const { id } = await call<Study>("", { job: template(), trials: 1, space });
  await runTrial(id);
  const response = await fetch(`${service.url}/v1/studies/${id}/trials.csv`);
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  const [header, line, rest] = (await response.text()).split("\n");
  expect(header).toMatch(/^number,job,state,objective,.*,\/optimizer\/learningRate,\/model,seen\.finished,/);
  expect(line).toMatch(/^0,job_\w+,\w+,.*,0\.0\d+,"\{""type"":""softmax""\}",,,$/);
  expect(rest).toBe("");
});

test("a study's webhook is checked as a job's is", async () => {
  expect(await call("", { job: template(), webhook: { url: "https://example.com/" } })).toMatchObject({
    errors: [{ pointer: "/webhook", detail: expect.stringContaining("WEBHOOK_SECRET") }],
  });
});
