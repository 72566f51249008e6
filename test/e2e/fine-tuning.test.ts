import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobSpecInput } from "../../src/domain/jobs/spec/job-spec.ts";
import { decodeSafetensors, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const task = { type: "classification", label: "digit" } as const;
const model: JobSpecInput["model"] = { type: "mlp", hidden: [32, 16] };
const training = { epochs: 5 };

describe("a model that is the start of the next job", () => {
  let service: Service;
  let dataDir: string;
  let client: RestClient;
  let digits: string;
  let baseModel: string;

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir);
    client = createRestClient(service.url);
    digits = (await client.upload("digits", await dataFile("digits"))).id;
    const base = await client.submit({ name: "base", dataset: digits, task, model, training: { epochs: 20 } });
    baseModel = (await client.untilDone(base.id)).model ?? "";
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const weightsOf = async (id: string): Promise<Map<string, Tensor>> => {
    const response = await fetch(`${client.url}/v1/models/${id}/weights`);
    expect(response.status).toBe(200);
    const { tensors } = decodeSafetensors(new Uint8Array(await response.arrayBuffer()));
    return new Map(tensors.map((tensor) => [tensor.name, tensor]));
  };

  test("frozen layers keep their weights, the others learn on", async () => {
    const job = await client.submit({
      name: "tuned",
      dataset: digits,
      task,
      training,
      base: { model: baseModel, freeze: ["hidden.0"] },
    });
    const done = await client.untilDone(job.id);
    const tuned = await client.model(done.model ?? "");
    expect(tuned.base).toBe(baseModel);
    const [before, after] = [await weightsOf(baseModel), await weightsOf(tuned.id)];
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(after.get("hidden.0.weight")?.data).toEqual(before.get("hidden.0.weight")?.data);
    expect(after.get("hidden.1.weight")?.data).not.toEqual(before.get("hidden.1.weight")?.data);
    expect(after.get("output.weight")?.data).not.toEqual(before.get("output.weight")?.data);
    expect(done.metrics.testAccuracy).toBeGreaterThan(0.9);
  });

  test("a new head learns another label set on top of the old layers", async () => {
    const [header = "", ...lines] = (await dataFile("digits")).toString().trim().split("\n");
    const parity = lines.map((line) => {
      const cells = line.split(",");
      cells[cells.length - 1] = Number(cells.at(-1)) % 2 === 0 ? "even" : "odd";
      return cells.join(",");
    });
    const dataset = await client.upload("parity", [header.replace(/digit$/, "parity"), ...parity].join("\n"));
    const job = await client.submit({
      dataset: dataset.id,
      task: { type: "classification", label: "parity" },
      training: { epochs: 20 },
      base: { model: baseModel, freeze: ["hidden"], newHead: true },
    });
    const done = await client.untilDone(job.id);
    const tuned = await client.model(done.model ?? "");
    expect(tuned.base).toBe(baseModel);
    expect(tuned.preprocessing.label).toMatchObject({ type: "classes", classes: ["even", "odd"] });
    const [before, after] = [await weightsOf(baseModel), await weightsOf(tuned.id)];
    expect(after.get("hidden.0.weight")?.data).toEqual(before.get("hidden.0.weight")?.data);
    expect(after.get("hidden.1.weight")?.data).toEqual(before.get("hidden.1.weight")?.data);
    expect(done.metrics.testAccuracy).toBeGreaterThan(0.8);
  });

  test("a model that a job starts from cannot be deleted meanwhile, and a base that does not exist is refused", async () => {
    const { status, body } = await client.trySubmit({
      dataset: digits,
      task,
      base: { model: "mdl_01KAV3M1V00000000000000000" },
    });
    expect(status).toBe(422);
    expect(body.errors[0]?.pointer).toBe("/base/model");
  });
});
