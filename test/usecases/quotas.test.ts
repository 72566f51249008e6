import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uploadDataset } from "../../src/usecases/datasets/upload-dataset.ts";
import { body, createClient } from "../rest/client.ts";
import { startTestService, type TestService } from "./service.ts";

const storedBytes = 50_000;
let service: TestService;
beforeAll(async () => {
  service = await startTestService({ quotas: { queuedJobs: 2, storedBytes } });
});
afterAll(() => service.close());
const { post, upload } = createClient(() => service.url);

it("jobs that are paused count as waiting: pausing makes no room for more", async () => {
  const { id: dataset } = await upload();
  const submit = () => post("/v1/jobs", { dataset, task: { type: "classification", label: "species" } });
  const jobs = [await body(submit()), await body(submit())];
  expect((await submit()).status).toBe(429);
  for (const { id } of jobs) expect((await post(`/v1/jobs/${id}/pause`)).status).toBe(200);
  const refused = await submit();
  expect([refused.status, (await body(refused)).code]).toEqual([429, "quota_exceeded"]);
  for (const { id } of jobs) expect((await post(`/v1/jobs/${id}/resume`)).status).toBe(200);
  expect((await post(`/v1/jobs/${jobs[0].id}/cancel`)).status).toBe(200);
  expect((await submit()).status).toBe(202);
});

it("uploads that run beside each other stay within the tenant's bytes together, and leave nothing when refused", async () => {
  const caller = { tenant: "parallel", scopes: new Set(["submit"] as const), key: null };
  const half = `x,y\n${"1,2\n".repeat(7000)}`;
  let begun = 0;
  let allBegun = (): void => {};
  const together = new Promise<void>((resolve) => {
    allBegun = resolve;
  });
  const slow = async function* () {
    yield Buffer.from(half.slice(0, 1000));
    begun += 1;
    if (begun === 4) allBegun();
    await together;
    yield Buffer.from(half.slice(1000));
  };
  const uploads = Array.from({ length: 4 }, () =>
    uploadDataset(service.deps, caller, { body: Readable.from(slow(), { objectMode: false }) }),
  );
  const outcomes = await Promise.allSettled(uploads);
  for (const each of outcomes) {
    if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "quota_exceeded" });
  }
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
  expect(await service.deps.artifacts.usedBytes("parallel/")).toBeLessThanOrEqual(storedBytes);
});
