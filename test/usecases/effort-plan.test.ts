import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../src/domain/datasets/dataset.ts";
import type { Problem } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { startTestService, type TestService } from "./service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

type Answer = Dataset & Plan & Problem & { spec: ResolvedJobSpec };
const post = async (path: string, body: string, type = "application/json"): Promise<Answer> => {
  const response = await fetch(`${service.url}${path}`, { method: "POST", headers: { "content-type": type }, body });
  return (await response.json()) as Answer;
};

test("an effort's fit of every row is left out, and said to be, where rows are read from disk; one that was asked for is refused", async () => {
  const inputs = Array.from({ length: 24 }, (_, i) => i);
  const row = (i: number): string => [...inputs.map((k) => (i * (k + 3)) % 101), i % 2 ? "a" : "b"].join(",");
  const rows = Array.from({ length: 12_000 }, (_, i) => row(i));
  const { id } = await post("/v1/datasets", [inputs.map((k) => `x${k}`).concat("y"), ...rows].join("\n"), "text/csv");
  const plan = (change: object): Promise<Answer> => {
    const spec = { dataset: id, task: { type: "classification", label: "y" }, effort: "good", ...change };
    return post("/v1/jobs/plan", JSON.stringify(spec));
  };
  const whole = await plan({});
  expect([whole.spec.training.refit, whole.spillBytes]).toEqual([true, undefined]);
  // Half of the rows do not fit any more.
  const resources = { memoryBytes: whole.memoryBytes - 6000 * inputs.length * 4 };
  const streamed = await plan({ resources });
  expect(streamed.spec.training.refit).toBe(false);
  expect(streamed.spillBytes).toBeGreaterThan(0);
  expect(streamed.warnings).toContainEqual(
    expect.stringMatching(/fit of every row is left out.*resources\.memoryBytes/),
  );
  const refused = await plan({ resources, training: { refit: true } });
  expect(refused).toMatchObject({ code: "over_limit", errors: [{ pointer: "/training/refit" }] });
});
