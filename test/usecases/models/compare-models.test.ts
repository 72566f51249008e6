import { afterAll, beforeAll, expect, it } from "vitest";
import { createDescent } from "../../../src/client/descent.ts";
import type { Comparison } from "../../../src/domain/models/comparison.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import { admitEveryone } from "../../../src/usecases/admission/caller.ts";
import { submitJob } from "../../../src/usecases/jobs/submit-job.ts";
import { createRestClient } from "../../e2e/rest-client.ts";
import { ask, connectClients } from "../../grpc/clients.ts";
import { finishJob, iris, startTestService, type TestService } from "../service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

it("a file that a model learnt from is known under whatever id it was uploaded", async () => {
  const rest = createRestClient(service.url);
  const [first, copy, other] = await Promise.all(
    [iris, iris, iris.slice(0, iris.lastIndexOf("\n", iris.length - 2) + 1)].map((csv) => rest.upload("iris", csv)),
  );
  const caller = await admitEveryone("submitJob", undefined, "");
  const spec = { dataset: first!.id, task: { type: "classification", label: "species" } };
  const model = await finishJob(service, (await submitJob(service.deps, caller, { spec })).job);
  for (const [dataset, learntFrom] of [
    [first, true],
    [copy, true],
    [other, false],
  ] as const) {
    const { body } = await rest.call<Comparison>("/v1/comparisons", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ models: [model.id], dataset: dataset!.id }),
    });
    expect(body.models[0]?.trainedOnIt).toBe(learntFrom);
    expect(body.notes.some(({ code }) => code === "trained_on_it")).toBe(learntFrom);
    const { drift } = body.models[0]!;
    if (learntFrom) expect(drift).toBeNull();
    else {
      expect(drift).toMatchObject({ dataset: first!.id, rows: 39, rowsThere: 40 });
      // One row of one of two equal species less.
      expect(drift?.columns.find(({ column }) => column === "species")?.distance).toBeCloseTo(20 / 39 - 20 / 40, 12);
    }
  }
  // This model keeps no predictions of held-out rows: on rows of its own it cannot be judged by them, on others it is asked.
  const descent = createDescent({ url: service.url });
  await expect(descent.models.compare([model.id], copy!.id, { rows: "held_out" })).rejects.toMatchObject({
    errors: [{ pointer: "/models/0", detail: expect.stringContaining("held out") }],
  });
  expect(await descent.models.compare([model.id], other!.id, { rows: "held_out" })).toMatchObject({
    heldOut: true,
    rows: 39,
  });
  // The same as a page to hand on, over both surfaces.
  const asked = { models: [model.id], dataset: other!.id };
  const headers = { "content-type": "application/json", accept: "text/html" };
  const page = await fetch(`${service.url}/v1/comparisons`, { method: "POST", headers, body: JSON.stringify(asked) });
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  const html = await page.text();
  expect(html).toContain("What was compared");
  expect(html).toContain("Whether the columns are as they were");
  expect(await (await descent.models.comparePage(asked.models, asked.dataset)).text()).toBe(html);
  const clients = connectClients(service.grpcAddress);
  const compare = (request: typeof asked & { page?: boolean; rows?: string }) =>
    ask(clients.predictions, clients.predictions.compareModels, request);
  expect((await compare({ ...asked, page: true })).html).toBe(html);
  const answered = await compare(asked);
  expect(answered.html).toBeUndefined();
  expect(JSON.stringify(answered)).toContain(first!.id);
  expect((await compare({ ...asked, rows: "held_out" })).comparison?.heldOut).toBe(true);
  clients.close();
});

it("a job whose base has learnt from rows that are to test it is warned of", async () => {
  const rest = createRestClient(service.url);
  const [first, copy, other] = await Promise.all(
    [iris, iris, iris.slice(0, iris.lastIndexOf("\n", iris.length - 2) + 1)].map((csv) => rest.upload("iris", csv)),
  );
  const caller = await admitEveryone("submitJob", undefined, "");
  const task = { type: "classification", label: "species" };
  const { job } = await submitJob(service.deps, caller, { spec: { dataset: first!.id, task, training: { seed: 7 } } });
  const base = await finishJob(service, job);
  const warned = async (dataset: string, training: object): Promise<boolean> => {
    const { body } = await rest.call<{ warnings: string[] }>("/v1/jobs/plan", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ dataset, task, base: { model: base.id }, training }),
    });
    return body.warnings.some((warning) => warning.includes(`${base.id}, from which this job starts`));
  };
  for (const dataset of [first!.id, copy!.id]) {
    expect(await warned(dataset, { seed: 8 })).toBe(true);
    expect(await warned(dataset, { seed: 7 })).toBe(false);
    // A smaller share is of the same rows, a larger one is not.
    expect(await warned(dataset, { seed: 7, split: { test: 0.1, validation: 0.1 } })).toBe(false);
    expect(await warned(dataset, { seed: 8, split: { seed: 7 } })).toBe(false);
    expect(await warned(dataset, { seed: 7, split: { test: 0.5 } })).toBe(true);
    expect(await warned(dataset, { seed: 8, split: { test: 0 } })).toBe(false);
  }
  expect(await warned(other!.id, { seed: 8 })).toBe(false);
});

it("a base that was fitted to the rows that measured it has held none out, from itself nor from what starts from it", async () => {
  const rest = createRestClient(service.url);
  const descent = createDescent({ url: service.url });
  const dataset = (await rest.upload("iris", iris)).id;
  const caller = await admitEveryone("submitJob", undefined, "");
  const task = { type: "classification", label: "species" };
  const trained = async (of: Partial<Model> = {}, training: object = {}): Promise<Model> => {
    const spec = { dataset, task, training: { seed: 7, ...training } };
    return await finishJob(service, (await submitJob(service.deps, caller, { spec })).job, "default", of);
  };
  const warnings = async (base: Model, training: object = {}): Promise<string> => {
    const { body } = await rest.call<{ warnings: string[] }>("/v1/jobs/plan", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ dataset, task, base: { model: base.id }, training: { seed: 7, ...training } }),
    });
    return body.warnings.filter((warning) => warning.includes("from which this job starts")).join();
  };
  const refused = (model: Model) =>
    descent.models.compare([model.id], dataset, { rows: "held_out" }).then(
      () => "",
      ({ errors }: { errors: { pointer: string; detail: string }[] }) => `${errors[0]?.pointer} ${errors[0]?.detail}`,
    );
  const measured = await trained();
  expect(await warnings(measured)).toBe("");
  expect(await warnings(measured, { seed: 8 })).toContain(`the seed and split of ${measured.id} (training.seed 7`);
  const refit = { measuredDigest: measured.digest, measuredRows: 32, rows: 40, epochs: 3, l2: 0 };
  // It keeps what the measured one said of rows held out, as a refit does.
  const files = { ...measured.files!, heldOut: measured.files!.report };
  for (const base of [await trained({ refit, files }), await trained({ files }, { crossValidation: { folds: 4 } })]) {
    const child = await trained({ base: base.id, files });
    // So is what starts from its child, which held rows of the same seed out.
    for (const one of [base, child]) {
      const warning = await warnings(one);
      expect(warning).toContain(`No seed and no split helps: ${base.id} learnt`);
      expect(warning).not.toContain("Give it the seed");
    }
    expect(await refused(child)).toMatch(`/models/0 ${child.id} starts from ${base.id}, which learnt in the end`);
  }
  // Folds are refused wherever in the line the file was learnt from.
  const other = (await rest.upload("iris", `${iris}5,3,versicolor\n`)).id;
  const between = await trained({ base: measured.id, dataset: other });
  const spec = { dataset, task, base: { model: between.id }, training: { crossValidation: { folds: 4 } } };
  await expect(submitJob(service.deps, caller, { spec })).rejects.toMatchObject({
    errors: [{ pointer: "/training/crossValidation" }],
  });
});
