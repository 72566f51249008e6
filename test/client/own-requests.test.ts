import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDescent } from "../../src/client/descent.ts";
import { startTestService, type TestService } from "../usecases/service.ts";
import { failureOf, irisFile, specFor } from "./iris-job.ts";

let service: TestService;
let descent: ReturnType<typeof createDescent>;
beforeAll(async () => {
  service = await startTestService();
  descent = createDescent({ url: service.url });
});
afterAll(() => service.close());

describe("a request of one's own", () => {
  it("takes a body as `fetch` does, or a value, and answers with what JSON says", async () => {
    const { id } = await descent.datasets.upload(irisFile);
    const bodies = [specFor(id), JSON.stringify(specFor(id))];
    for (const body of bodies)
      expect(await descent.request("/v1/jobs/plan", { method: "POST", body })).toMatchObject({ spec: { dataset: id } });
    expect(await descent.request(`/v1/datasets/${id}`)).toMatchObject({ id, rows: 150 });
    const file = await failureOf(descent.request(`/v1/datasets/${id}/file`));
    expect(file.message).toMatch(/text\/csv.*not JSON/);
    expect(await descent.request(`/v1/datasets/${id}`, { method: "DELETE" })).toBeUndefined();
  });

  it("that cannot be sent says why", async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    await expect(descent.request("/v1/jobs/plan", { method: "POST", body: circle })).rejects.toThrow(/circular/);
    await expect(descent.request("/v1/jobs", { headers: { "a key": "x" } })).rejects.toThrow(/a key/);
    const nowhere = createDescent({ url: "127.0.0.1:8080", retries: 0 });
    expect((await failureOf(nowhere.jobs.get("job_1"))).message).toMatch(/begins with http/);
  });

  it("has its unknown options refused by the service, whatever method it is of", async () => {
    const typo = { waitt: 1 } as never;
    const works = [
      descent.jobs.get("job_1", typo),
      descent.jobs.list(typo).page(),
      descent.datasets.rows("ds_1", typo),
    ];
    for (const work of works) expect((await failureOf(work)).errors).toMatchObject([{ pointer: "/query/waitt" }]);
    const asked = descent.models.predict("mdl_1", [{}], { coverage: 0.9, coverageMethod: "marginal" });
    expect(await failureOf(asked)).toMatchObject({ code: "not_found" });
    expect((await failureOf(descent.createToken("job_1", typo))).errors).toContainEqual(
      expect.objectContaining({ pointer: "/waitt" }),
    );
  });
});
