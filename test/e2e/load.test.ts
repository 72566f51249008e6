import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Problem } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { createRestClient, dataFile, type RestClient } from "./rest-client.ts";
import { createDataDir, removeDataDir, type Service, startService } from "./service.ts";

const script = fileURLToPath(new URL("../load/load.mjs", import.meta.url));

/** `npm run load`, short. That health answers in time is for the command to judge, on a machine that does nothing else. */
test("five times what it can serve is answered with 2xx, 429 or 503, and no job is lost", {
  timeout: 240_000,
}, async () => {
  const options = ["--seconds", "6", "--factor", "5", "--connections", "300", "--compare-seconds", "0", "--json"];
  const child = spawn(process.execPath, [script, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  const verdict = JSON.parse(output);
  expect(verdict).toMatchObject({ otherAnswers: [], errors: {}, unanswered: 0, withoutRetryAfter: 0, lost: [] });
  expect(verdict).toMatchObject({ restarted: false, health: { failures: [] } });
  expect(verdict.answered["2xx"]).toBeGreaterThan(0);
  expect(verdict.acknowledged).toBeGreaterThan(0);
  expect(verdict.memory.api.peak).toBeLessThan(768 * 1024 ** 2);
});

describe("what one request may take from the others", () => {
  let folder = "";
  let service: Service;
  let client: RestClient;
  beforeAll(async () => {
    folder = await createDataDir();
    service = await startService(folder);
    client = createRestClient(service.url);
  });
  afterAll(async () => {
    await service.stop();
    await removeDataDir(folder);
  });

  /** Health's answers while something else is under way. */
  const answersBeside = async <T>(work: Promise<T>): Promise<{ result: T; answers: number }> => {
    let answers = 0;
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    while (!over) {
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
      if (!over) answers += 1;
    }
    return { result: await watched, answers };
  };

  test("a plan of thousands of layers, which takes seconds, holds nobody up", async () => {
    const { id } = await client.upload("digits", await dataFile("digits"));
    const layers = Array.from({ length: 200 }, () => ({
      ...{ type: "residual", layers: Array.from({ length: 32 }, () => ({ type: "dropout", rate: 0.1 })) },
    }));
    const spec = {
      ...{ dataset: id, task: { type: "classification", label: "digit" } },
      model: { type: "cnn", input: { height: 8, width: 8 }, layers },
    };
    const planned = client.post<Plan & Problem>("/v1/jobs?validateOnly=true", spec);
    const { result, answers } = await answersBeside(planned);
    // On a slow machine it is refused as taking too long, which is an answer too.
    expect([200, 422]).toContain(result.status);
    if (result.status === 422) expect(result.body.code).toBe("over_limit");
    expect(answers).toBeGreaterThan(10);
    const small = await client.post<Plan>("/v1/jobs?validateOnly=true", { ...spec, model: { type: "softmax" } });
    expect(small.status).toBe(200);
  });

  test("predictions whose answer would be huge are refused with the number of rows that may be sent", async () => {
    const classes = Array.from({ length: 200 }, (_, i) => `class number ${i} of two hundred`);
    const csv = `x,y\n${Array.from({ length: 800 }, (_, i) => `${i},${classes[i % classes.length]}`).join("\n")}\n`;
    const { id } = await client.upload("many", csv);
    const job = await client.submit({
      ...{ dataset: id, task: { type: "classification", label: "y" }, model: { type: "softmax" } },
      training: { epochs: 1 },
    });
    const { model, error } = await client.untilDone(job.id);
    expect(error).toBeNull();
    const rows = (count: number) => ({ rows: Array.from({ length: count }, (_, x) => ({ x })) });
    const path = `/v1/models/${model}/predict`;
    const huge = await client.post<Problem>(path, rows(10_000));
    expect([huge.status, huge.body.code]).toEqual([413, "too_large"]);
    const most = Number(/at most (\d+) rows/.exec(huge.body.detail)?.[1]);
    const { status, body } = await client.post<{ predictions: Prediction[] }>(path, rows(most));
    expect([status, body.predictions.length]).toEqual([200, most]);
  });

  test("predictions that come together are answered as each would be alone, and a wrong one is refused by itself", async () => {
    const { id } = await client.upload("iris", await dataFile("iris"));
    const job = await client.submit({
      ...{ dataset: id, task: { type: "classification", label: "species" }, model: { type: "mlp", hidden: [16] } },
      training: { epochs: 1 },
    });
    const { model } = await client.untilDone(job.id);
    const path = `/v1/models/${model}/predict`;
    const ask = (width: unknown) =>
      client.post<{ predictions: Prediction[] } & Problem>(path, { rows: [{ sepal_length: 5.8, petal_width: width }] });
    const widths = Array.from({ length: 32 }, (_, i) => (i === 7 ? "wide" : 0.1 * i));
    const together = await Promise.all(widths.map(ask));
    for (const [i, width] of widths.entries()) {
      const alone = await ask(width);
      expect(together[i]!.status).toBe(i === 7 ? 422 : 200);
      expect([together[i]!.status, together[i]!.body.predictions]).toEqual([alone.status, alone.body.predictions]);
    }
  });
});
