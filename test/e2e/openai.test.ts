import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI, { APIError, toFile } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const data = (name: string): string => join(import.meta.dirname, "../data", name);

let service: Service;
let dataDir: string;
let openai: OpenAI;
beforeAll(async () => {
  dataDir = await createDataDir();
  service = await startService(dataDir);
  openai = new OpenAI({ apiKey: "sk-any", baseURL: `${service.url}/openai/v1` });
});
afterAll(async () => {
  await service?.stop();
  await removeDataDir(dataDir);
});

const failureOf = async (work: Promise<unknown>): Promise<APIError> => {
  const error: unknown = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(APIError);
  return error as APIError;
};

const iris = () => openai.files.create({ file: createReadStream(data("iris.csv")), purpose: "fine-tune" });

/** As the guides do it: ask again until it is over. The answer is held back a little by nothing, so the asking is what waits. */
const finished = async (id: string) => {
  for (;;) {
    await fetch(`${service.url}/v1/jobs/${id}?wait=30`);
    const job = await openai.fineTuning.jobs.retrieve(id);
    if (["succeeded", "failed", "cancelled"].includes(job.status)) return job;
  }
};

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe("the unmodified openai package", () => {
  test("uploads a file, trains on it, follows the job, and finds the model", { timeout: 240_000 }, async () => {
    const file = await iris();
    expect(file).toMatchObject({ object: "file", filename: "iris.csv", purpose: "fine-tune", status: "processed" });
    expect(await openai.files.retrieve(file.id)).toEqual(file);
    expect(await (await openai.files.content(file.id)).text()).toBe(readFileSync(data("iris.csv"), "utf8"));

    const job = await openai.fineTuning.jobs.create({
      model: "softmax",
      training_file: file.id,
      suffix: "flowers",
      seed: 7,
      metadata: { label: "species", team: "growth" },
      method: {
        type: "supervised",
        supervised: { hyperparameters: { n_epochs: 40, batch_size: 16, learning_rate_multiplier: 2 } },
      },
    });
    expect(job).toMatchObject({
      ...{ object: "fine_tuning.job", model: "softmax", training_file: file.id, seed: 7, error: null },
      ...{ hyperparameters: { n_epochs: 40, batch_size: 16, learning_rate_multiplier: 2 } },
      ...{ metadata: { label: "species", team: "growth" } },
    });
    const record = (await (await fetch(`${service.url}/v1/jobs/${job.id}`)).json()) as { spec: unknown };
    expect(record.spec).toMatchObject({ name: "flowers", optimizer: { type: "adam", learningRate: 0.02 } });

    const done = await finished(job.id);
    expect(done).toMatchObject({ status: "succeeded", fine_tuned_model: expect.stringMatching(/^mdl_/) });
    expect(done.trained_tokens).toBe(8 * 16 * 40);

    const events = await all(openai.fineTuning.jobs.listEvents(job.id, { limit: 2 }));
    expect(events.length).toBeGreaterThan(3);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events[0]).toMatchObject({ object: "fine_tuning.job.event", level: "info", data: { state: "succeeded" } });
    expect(events.at(-1)).toMatchObject({ data: { state: "queued" } });

    const [checkpoint] = await all(openai.fineTuning.jobs.checkpoints.list(job.id));
    expect(checkpoint).toMatchObject({
      ...{ object: "fine_tuning.job.checkpoint", fine_tuning_job_id: job.id, step_number: 8 * 40 },
      ...{ fine_tuned_model_checkpoint: done.fine_tuned_model, metrics: { step: 320, train_loss: expect.any(Number) } },
    });

    const [result = ""] = done.result_files;
    expect(await openai.files.retrieve(result)).toMatchObject({ purpose: "fine-tune-results" });
    const lines = (await (await openai.files.content(result)).text()).trim().split("\n");
    expect(lines[0]).toBe("step,train_loss,valid_loss");
    expect(lines).toHaveLength(41);

    const model = done.fine_tuned_model!;
    expect((await all(openai.models.list())).map(({ id }) => id)).toContain(model);
    expect(await openai.models.retrieve(model)).toMatchObject({ id: model, object: "model" });
    const tuned = await openai.fineTuning.jobs.create({
      model,
      training_file: file.id,
      metadata: { label: "species" },
    });
    expect(tuned.model).toBe(model);
    expect((await finished(tuned.id)).status).toBe("succeeded");
    expect(await openai.models.delete((await finished(tuned.id)).fine_tuned_model!)).toMatchObject({ deleted: true });
  });

  test("goes through lists page by page", async () => {
    const files = [await iris(), await iris(), await iris()].map(({ id }) => id).reverse();
    const listed = (await all(openai.files.list({ limit: 2 }))).map(({ id }) => id);
    expect(listed.slice(0, 3)).toEqual(files);
    expect(new Set(listed).size).toBe(listed.length);
    const metadata = { label: "species" };
    const jobs: string[] = [];
    for (const training_file of files)
      jobs.unshift((await openai.fineTuning.jobs.create({ model: "softmax", training_file, metadata })).id);
    const page = (await all(openai.fineTuning.jobs.list({ limit: 2 }))).map(({ id }) => id);
    expect(page.slice(0, 3)).toEqual(jobs);
    expect(new Set(page).size).toBe(page.length);
  });

  test("pauses, resumes and cancels", async () => {
    const { id: training_file } = await iris();
    const hyperparameters = { n_epochs: 100_000 };
    const { id } = await openai.fineTuning.jobs.create({
      ...{ model: "mlp", training_file, metadata: { label: "species" } },
      method: { type: "supervised", supervised: { hyperparameters } },
    });
    expect(["queued", "running"]).toContain((await openai.fineTuning.jobs.pause(id)).status);
    expect(["queued", "running"]).toContain((await openai.fineTuning.jobs.resume(id)).status);
    await openai.fineTuning.jobs.cancel(id);
    expect((await finished(id)).status).toBe("cancelled");
    const again = await failureOf(openai.fineTuning.jobs.resume(id));
    expect(again).toMatchObject({ status: 409, code: "forbidden_transition" });
  });

  test("takes JSON Lines as a table, and says what is none", async () => {
    const rows = ['{"x":1,"name":"a, \\"b\\"","y":2.5}', '{"x":null,"name":"c","y":3}', ""].join("\n");
    const file = await openai.files.create({
      file: await toFile(Buffer.from(rows), "rows.jsonl"),
      purpose: "fine-tune",
    });
    expect(await (await openai.files.content(file.id)).text()).toBe('x,name,y\n1,"a, ""b""",2.5\n,c,3\n');
    const chat = '{"messages":[{"role":"user","content":"hi"}]}\n';
    const refused = await failureOf(
      openai.files.create({ file: await toFile(Buffer.from(chat), "chat.jsonl"), purpose: "fine-tune" }),
    );
    expect(refused).toMatchObject({
      status: 400,
      code: "invalid_csv",
      message: expect.stringContaining("language models"),
    });
  });
});

describe("what is wrong", () => {
  test("comes as the package's errors, with the parameter's name", async () => {
    const { id: training_file } = await iris();
    const create = (body: object) =>
      failureOf(
        openai.fineTuning.jobs.create({ model: "softmax", training_file, metadata: { label: "species" }, ...body }),
      );
    const invalid = { status: 400, type: "invalid_request_error", code: "invalid" };
    expect(await create({ training_file: "file-abc" })).toMatchObject({ ...invalid, param: "training_file" });
    expect(await create({ metadata: {} })).toMatchObject({ ...invalid, param: "metadata.label" });
    expect(await create({ metadata: { label: "specie" } })).toMatchObject({
      ...{ ...invalid, param: "metadata.label", message: expect.stringContaining('did you mean "species"') },
    });
    expect(await create({ model: "gpt-4o-mini" })).toMatchObject({ ...invalid, param: "model" });
    expect(await create({ validation_file: training_file })).toMatchObject({ ...invalid, param: "validation_file" });
    expect(await create({ hyperparameters: { n_epochs: 0 } })).toMatchObject({ param: "hyperparameters.n_epochs" });
    expect(await create({ hyperparameters: { n_epochs: 10_000_000 } })).toMatchObject({
      param: "hyperparameters.n_epochs",
    });
    const nothing = await failureOf(openai.fineTuning.jobs.retrieve("job_01J9Z8QF4M3V2K6T5R7W8X9Y0Z"));
    expect(nothing).toMatchObject({ status: 404, code: "not_found" });
    const purpose = openai.files.create({ file: createReadStream(data("iris.csv")), purpose: "batch" });
    expect(await failureOf(purpose)).toMatchObject({ ...invalid, param: "purpose" });
    const chat = openai.chat.completions.create({ model: "softmax", messages: [] });
    expect(await failureOf(chat)).toMatchObject({ status: 404, code: "not_found" });
  });
});
