import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Job, JobEvent } from "../../src/domain/jobs/job.ts";
import type { Comparison } from "../../src/domain/models/comparison.ts";
import type { PredictResponse } from "../../src/domain/models/predictions/prediction.ts";
import { createGrpcClient } from "./grpc-client.ts";
import { createRestClient, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const rows = 80_000;
const csv = (count: number): string =>
  `x,z,y\n${Array.from({ length: count }, (_, i) => `${(i % 97) / 10},${(i % 31) / 7},${i % 5 < 2 ? "a" : "b"}`).join("\n")}\n`;

/** The prediction of a whole data set, as a user asks for it. */
describe("a data set's predictions", { timeout: 120_000 }, () => {
  let service: Service;
  let client: RestClient;
  let dataDir: string;
  let model: string;
  let dataset: string;

  beforeAll(async () => {
    dataDir = await createDataDir();
    service = await startService(dataDir, { CHECKPOINT_SECONDS: "0.1", LEASE_SECONDS: "3" });
    client = createRestClient(service.url);
    const small = await client.upload("small", csv(300));
    const task = { type: "classification" as const, label: "y" };
    const job = await client.submit({
      dataset: small.id,
      task,
      training: { epochs: 3 },
      model: { type: "mlp", hidden: [256, 256] },
    });
    model = (await client.untilDone(job.id)).model ?? "";
    dataset = (await client.upload("large", csv(rows))).id;
  });
  afterAll(async () => {
    await service?.stop();
    await removeDataDir(dataDir);
  });

  const predict = async (): Promise<Job> => {
    const { status, headers, body } = await client.post<Job>(`/v1/models/${model}/predictions`, { dataset });
    expect([status, headers.get("location")]).toEqual([202, `/v1/jobs/${body.id}`]);
    return body;
  };
  const digestOf = async (id: string, accept: string): Promise<{ digest: string; lines: number }> => {
    const response = await fetch(`${service.url}/v1/predictions/${id}/file`, { headers: { accept } });
    expect(response.headers.get("content-type")).toContain(accept);
    const hash = createHash("sha256");
    let lines = 0;
    for await (const chunk of response.body!) {
      hash.update(chunk);
      for (const byte of chunk) if (byte === 10) lines += 1;
    }
    return { digest: hash.digest("hex"), lines };
  };
  const isCheckpoint = ({ type }: JobEvent): boolean => type === "checkpoint";

  test("the Open Inference Protocol gives the quantiles that a model predicts", async () => {
    const trained = await client.submit({
      dataset: (await client.upload("between", csv(300))).id,
      task: { type: "regression", label: "x", features: ["z"] },
      loss: { type: "pinball", interval: 0.8 },
      training: { epochs: 3 },
    });
    const id = (await client.untilDone(trained.id)).model!;
    const z = [0.5, 4];
    const asked = { inputs: [{ name: "z", shape: [2], datatype: "FP64", data: z }] };
    const tensors = (
      await client.post<{ outputs: { name: string; data: number[] }[] }>(`/v2/models/${id}/infer`, asked)
    ).body.outputs;
    const { predictions } = await client.predict(
      id,
      z.map((value) => ({ z: value })),
    );
    const said = predictions.map((each) => ("value" in each ? { value: each.value, ...each.quantiles! } : null)!);
    expect(said.every(({ lower, value, upper }) => lower < value && value < upper)).toBe(true);
    expect(tensors.map(({ name, data }) => [name, data])).toEqual(
      (["value", "lower", "upper"] as const).map((name) => [name, said.map((each) => each[name])]),
    );
  });

  test("or a part of them, judge models beside each other; what cannot be compared is refused at its place", async () => {
    const { status, body } = await client.post<Comparison>("/v1/comparisons", { models: [model], dataset });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      dataset,
      label: "y",
      rows: 10_000,
      groups: [[model]],
      notes: [{ code: "some_rows" }],
    });
    const refused = async (asked: object): Promise<unknown> =>
      (await client.post<Problem>("/v1/comparisons", asked)).body.errors;
    expect(await refused({ models: [model, model], dataset })).toMatchObject([{ pointer: "/models/1" }]);
    expect(await refused({ models: ["nobodys"], dataset })).toMatchObject([{ pointer: "/models/0" }]);
    const unlabelled = await client.upload("unlabelled", "x,z\n1,2\n3,4\n");
    expect(await refused({ models: [model], dataset: unlabelled.id })).toMatchObject([
      { pointer: "/dataset", detail: expect.stringContaining('no column "y"') },
    ]);
  });

  test("are the same bytes after its trainer was killed, and after a pause", async () => {
    const whole = await predict();
    expect((await client.untilDone(whole.id)).prediction?.result).toMatchObject({ rows, warnings: {} });

    const killed = await predict();
    await client.untilEvent(killed.id, isCheckpoint);
    process.kill(service.trainerPid(), "SIGKILL");
    expect(await client.untilDone(killed.id)).toMatchObject({ state: "succeeded", attempt: 2, model: null });
    const paused = await predict();
    await client.untilEvent(paused.id, isCheckpoint);
    await client.act(paused.id, "pause");
    await client.untilState(paused.id, "paused");
    await client.act(paused.id, "resume");
    expect(await client.untilDone(paused.id)).toMatchObject({ state: "succeeded", progress: 1 });

    for (const accept of ["application/x-ndjson", "text/csv"]) {
      const wanted = await digestOf(whole.id, accept);
      expect(wanted.lines).toBe(accept === "text/csv" ? rows + 1 : rows);
      expect(await digestOf(killed.id, accept)).toEqual(wanted);
      expect(await digestOf(paused.id, accept)).toEqual(wanted);
    }
  });

  test("hold what they need while they are made, and can be cancelled", async () => {
    const job = await predict();
    expect((await client.call<Problem>(`/v1/predictions/${job.id}/file`)).status).toBe(409);
    for (const path of [`models/${model}`, `datasets/${dataset}`]) {
      const refused = await client.call<Problem>(`/v1/${path}`, { method: "DELETE" });
      expect(refused).toMatchObject({ status: 409, body: { code: "in_use", detail: expect.stringContaining(job.id) } });
    }
    await client.act(job.id, "cancel");
    const done = await client.until(job.id, ({ state }) => state === "cancelled");
    expect(done.prediction?.result).toBeNull();
    expect((await client.call<Problem>(`/v1/predictions/${job.id}/file`)).body.detail).toContain("cancelled");
  });

  test("are refused where the data set lacks what the model needs, by name", async () => {
    const other = await client.upload("other", "x,z2,y\n1,2,a\n2,3,b\n");
    const refused = await client.post<Problem>(`/v1/models/${model}/predictions`, { dataset: other.id });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ pointer: "/dataset" }] } });
    expect(refused.body.detail).toContain('"z"');
  });

  test("are of dates in the order of each data set, as the model was trained and as it is asked", async () => {
    // From 26 February on: y counts the days.
    const days = ["01/03", "26/02", "05/03", "27/02", "02/03", "28/02", "03/03", "04/03"];
    const table = `at,y\n${days.map((day, i) => `${day}/2026,${[3, 0, 7, 1, 4, 2, 5, 6][i]}`).join("\n")}\n`;
    const grpc = createGrpcClient(service.grpc);
    const dated = await grpc.upload("dated", Buffer.from(table), { dates: "day_first" });
    grpc.close();
    expect([dated.dates, dated.columns[0]?.dates?.latest]).toEqual(["day_first", "2026-03-05"]);
    const submitted = await client.submit({
      dataset: dated.id,
      task: { type: "regression", label: "y", features: ["at"] },
      model: { type: "linear" },
      training: { split: { time: "at", validation: 0, test: 0.25 }, l2: 0 },
    });
    const job = await client.untilDone(submitted.id);
    const splits = await fetch(`${service.url}/v1/jobs/${job.id}/rows`, { headers: { accept: "text/csv" } });
    expect((await splits.text()).match(/^.*test$/gm)).toEqual(["2,test", "7,test"]);
    const ask = (...cells: string[]) =>
      client.post<PredictResponse & Problem>(`/v1/models/${job.model}/predict`, { rows: cells.map((at) => ({ at })) });
    const { body } = await ask("06/03/2026", "2026-03-07", "25/02/2026");
    const values = body.predictions.map((prediction) => ("value" in prediction ? prediction.value : Number.NaN));
    for (const [i, value] of [8, 9, -1].entries()) expect(values[i]).toBeCloseTo(value, 2);
    const none = await ask("03/29/2026");
    expect([none.status, none.body.errors[0]?.pointer]).toEqual([422, "/rows/0/at"]);
    const { body: other } = await client.tryUpload("at\n03/08/2026\n03/13/2026\n", "?dates=month_first");
    const asked = await client.post<Job>(`/v1/models/${job.model}/predictions`, { dataset: other.id });
    await client.untilDone(asked.body.id);
    const file = await fetch(`${service.url}/v1/predictions/${asked.body.id}/file`, {
      headers: { accept: "text/csv" },
    });
    const [names, ...lines] = (await file.text())
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    const told = lines.map((cells) => Number(cells[names!.indexOf("value")]));
    for (const [i, value] of [10, 15].entries()) expect(told[i]).toBeCloseTo(value, 2);
  });
});
