import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { channelMeans } from "../formats/onnx/tiny-network.ts";
import { createDataDir, removeDataDir, runDescent, type Service, startService } from "./service.ts";

const root = join(import.meta.dirname, "../..");
const iris = join(root, "test/data/iris.csv");

let service: Service;
let dataDir: string;
beforeAll(async () => {
  dataDir = await createDataDir();
  service = await startService(dataDir);
});
afterAll(async () => {
  await service?.stop();
  await removeDataDir(dataDir);
});

const descent = (argv: string[], env: Record<string, string> = {}) =>
  runDescent(argv, { DESCENT_URL: service.url, ...env });

const datasets = async (): Promise<unknown> => (await fetch(`${service.url}/v1/datasets`)).json();

const json = async (argv: string[], env: Record<string, string> = {}) => {
  const { output, errors } = await descent([...argv, "--json"], env);
  expect(errors).toBe("");
  return JSON.parse(output);
};

test("from a file to a model, its report, its predictions and the lists", { timeout: 240_000 }, async () => {
  const shown = await descent(["train", iris, "--label", "species", "--model", "softmax", "--seed", "7"]);
  expect(shown.errors).not.toContain("descent:");
  expect(shown.code).toBe(0);
  expect(shown.output).toMatch(/^Data set iris: 150 rows, 5 columns \(ds_/);
  expect(shown.output).toMatch(/^Plan: softmax, 15 parameters, .*, under 1 s$/m);
  // A block for each iteration of the exact solver, which converges within a few tens, and a falling curve.
  expect(shown.output).toMatch(/training loss +█[▁▂▃▄▅▆▇█]{2,58}▁ {2}[\d.]+ → [\d.]+(e-\d+)?$/m);
  expect(shown.output).toMatch(/^ {2}accuracy +[\d.]+ +[\d.]+ +[\d.]+$/m);
  expect(shown.output).toMatch(/^ {2}versicolor +10 +[\d.]+ +[\d.]+$/m);

  const spec = join(dataDir, "spec.json");
  writeFileSync(spec, JSON.stringify({ model: { type: "softmax" }, labels: { team: "growth" } }));
  const { dataset, job, report } = await json(["train", iris, "--label", "species", "--spec", spec, "--seed", "7"]);
  expect(job).toMatchObject({ state: "succeeded", spec: { labels: { team: "growth" }, training: { seed: 7 } } });
  expect(report.task).toBe("classification");

  const { code, output } = await descent(["predict", job.model, iris]);
  const [head, ...lines] = output.trim().split("\n");
  expect(code).toBe(0);
  expect(head).toBe("prediction,probability");
  const truths = readFileSync(iris, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").at(-1));
  expect(lines.filter((line, i) => line.startsWith(`${truths[i]},`)).length).toBeGreaterThan(140);
  const row = '{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}';
  expect((await json(["predict", job.model, "--row", row])).predictions).toHaveLength(1);

  expect((await json(["jobs"])).map(({ id }: { id: string }) => id)).toContain(job.id);
  expect(await json(["jobs", job.id])).toMatchObject({ id: job.id, state: "succeeded" });
  expect(await json(["models", job.model])).toMatchObject({
    model: { id: job.model },
    report: { task: "classification" },
  });
  expect((await descent(["models"])).output).toContain(job.model);
  const events = (await descent(["watch", job.id, "--json"])).output.trim().split("\n");
  expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({ type: "state", data: { state: "succeeded" } });
  expect(await json(["train", dataset.id, "--label", "species", "--plan-only"])).toMatchObject({ parameters: 2499 });
});

test("from a file to hyper-parameters, with intervals and what the choice is worth", { timeout: 240_000 }, async () => {
  const template = join(dataDir, "template.json");
  writeFileSync(template, JSON.stringify({ model: { type: "mlp", hidden: [8] }, training: { epochs: 3 } }));
  const of = ["study", iris, "--label", "species", "--template", template, "--sampler", "sobol"];
  const shown = await descent([...of, "--trials", "3"]);
  expect(shown.code).toBe(0);
  expect(shown.output).toMatch(/^Plan: 3 trials, at most 4 jobs of 3 epochs, /m);
  expect(shown.output).toMatch(/^ +\d +[\d.]+ +[\d.]+ \([-\d.e]+ to [\d.e]+\) /m);
  expect(shown.output).toMatch(/^Corrected for having been chosen: [\d.]+ \([\d.e-]+ to [\d.]+\)$/m);
  expect(shown.output).toMatch(/^Model mdl_\w+: descent predict mdl_\w+ rows\.csv$/m);
  expect(shown.errors).toMatch(/trials \|=+\| 3 of 3 {2}best [\d.]+/);
  const { study, leaderboard } = await json([...of, "--trials", "1", "--seeds", "2", "--epochs", "2"]);
  expect(study).toMatchObject({ state: "succeeded", epochs: 2, spec: { trials: 1, seeds: 2 } });
  expect(leaderboard).toMatchObject({ items: [{ trial: 0, tied: true }], best: { trial: 0 } });
  const before = await datasets();
  expect(await json([...of, "--trials", "5", "--plan-only"])).toMatchObject({ trials: 5, jobs: 6 });
  expect(await json(["train", iris, "--label", "species", "--plan-only"])).toMatchObject({ parameters: 2499 });
  expect((await descent(["study", iris, "--label", "spezies"])).errors).toContain('"species"');
  // What the commands uploaded for a plan or a refusal is gone again.
  expect(await datasets()).toEqual(before);
});

test("a data set stays where the answer to its job was lost: the job may have been recorded", async () => {
  // Hands everything on, and every answer back but that to a submission.
  const proxy = createHttpServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { host: _host, connection: _connection, "transfer-encoding": _encoding, ...headers } = request.headers;
    const sent = { method: request.method!, headers: headers as Record<string, string> };
    const body = parts.length === 0 ? {} : { body: Buffer.concat(parts) };
    const answer = await fetch(`${service.url}${request.url}`, { ...sent, ...body });
    if (request.method === "POST" && request.url === "/v1/jobs") return response.destroy();
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
    return response.end(await answer.text());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { code, errors } = await descent(["train", iris, "--label", "species"], { DESCENT_URL: url });
  proxy.close();
  expect(code).toBe(1);
  const [, kept] = /The data set (ds_\w+) is kept/.exec(errors) ?? [];
  const { items } = (await (await fetch(`${service.url}/v1/jobs`)).json()) as {
    items: { spec: { dataset: string } }[];
  };
  expect(items.filter(({ spec }) => spec.dataset === kept)).toHaveLength(1);
  expect((await fetch(`${service.url}/v1/datasets/${kept}`)).status).toBe(200);
});

test("a network is imported and says what pictures are", async () => {
  const [network, labels, orange, blue, broken] = [
    "net.onnx",
    "labels.txt",
    "orange.png",
    "blue.png",
    "broken.png",
  ].map((name) => join(dataDir, name)) as [string, string, string, string, string];
  writeFileSync(network, channelMeans());
  writeFileSync(labels, "red\ngreen\nblue\n");
  const painted = (r: number, g: number, b: number): Promise<Buffer> =>
    sharp({ create: { width: 3, height: 2, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer();
  writeFileSync(orange, await painted(255, 127, 0));
  writeFileSync(blue, await painted(0, 0, 255));
  writeFileSync(broken, (await painted(0, 0, 0)).subarray(0, 40));
  const model = await json(["models", "import", network, "--labels", labels, "--preprocessing", "unit"]);
  expect(model).toMatchObject({ name: "net", labels: ["red", "green", "blue"], image: { scale: 1 / 255 } });
  const { output } = await descent(["predict", model.id, orange, blue]);
  const [head, , ...rows] = output.split("\n").map((line) => line.split(/ {2,}/));
  expect(head).toEqual(["path", "label", "probability"]);
  expect(rows).toEqual([
    [orange, "red", expect.stringMatching(/^0\.\d+$/)],
    [blue, "blue", expect.stringMatching(/^0\.\d+$/)],
    [""],
  ]);
  expect(await json(["predict", model.id, blue])).toMatchObject({ path: blue, label: "blue" });
  const told = await descent(["predict", model.id, blue, broken]);
  expect(told).toMatchObject({ code: 1, errors: expect.stringContaining(`${broken}: is no picture that can be read`) });
  expect((await descent(["predict", model.id, blue, labels])).errors).toContain(`${labels} is no PNG, JPEG or WebP`);
  expect(await json(["models", "update", model.id, "--licence", "MIT"])).toMatchObject({ licence: "MIT" });
});

test("what is wrong is one line, as JSON where that was asked for, and the exit code says so", async () => {
  const label = await descent(["train", iris, "--label", "specie"]);
  expect(label).toMatchObject({ code: 1, errors: expect.stringMatching(/^descent: .*did you mean "species"\?\n$/) });
  const unlabelled = await descent(["train", iris]);
  expect(unlabelled).toMatchObject({ code: 1, errors: expect.stringContaining("--label: name the column to predict") });
  // What the options say is judged before anything is uploaded.
  const before = await datasets();
  const none = await descent(["train", iris, "--label", "species", "--epochs", "0"]);
  expect(none).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/^descent: \/training\/epochs: must be at least 1/),
  });
  expect((await descent(["train", iris, "--label", "species", "--epochs", "many"])).errors).toContain("--epochs many");
  expect((await descent(["train", iris, "--label", "species", "--model", "mpl"])).errors).toContain("must be one of");
  expect(await descent(["train", iris])).toMatchObject({ code: 1 });
  expect((await descent(["study", iris, "--label", "species", "--sampler", "tpee"])).errors).toContain("did you mean");
  expect((await descent(["study", iris, "--label", "species", "--trials", "few"])).errors).toContain("--trials few");
  expect(await datasets()).toEqual(before);
  const absent = await descent(["jobs", "job_01J9Z8QF4M3V2K6T5R7W8X9Y0Z", "--json"]);
  expect(JSON.parse(absent.errors)).toMatchObject({ code: "not_found", status: 404 });
  const nobody = await descent(["jobs"], { DESCENT_URL: "http://127.0.0.1:1" });
  expect(nobody).toMatchObject({ code: 1, errors: expect.stringMatching(/^descent: no service answers at /) });
  expect((await descent(["train", "/nowhere.csv", "--label", "y"])).errors).toBe(
    "descent: /nowhere.csv: there is no such file\n",
  );
});

test("tenants are recorded and changed, what is not named stays, and the newest of the audit log are told", async () => {
  const limits = ["--queued-jobs", "5", "--stored-bytes", "1048576", "--rate", "read=10:40", "--rate", "submit=2:3"];
  const quotas = { queuedJobs: 5, storedBytes: 1048576 };
  const rates = { read: { perSecond: 10, burst: 40 }, submit: { perSecond: 2, burst: 3 } };
  expect(await json(["tenants", "create", "acme", ...limits])).toMatchObject({ id: "acme", quotas, rates });
  expect((await descent(["tenants", "create", "acme"])).errors).toContain("there is a tenant acme already");
  const changed = ["--queued-jobs", "default", "--running-jobs", "any", "--rate", "read=default", "--suspend"];
  expect(await json(["tenants", "limit", "acme", ...changed])).toMatchObject({
    suspended: true,
    quotas: { storedBytes: 1048576, runningJobs: null },
    rates: { submit: rates.submit },
  });
  expect((await descent(["tenants", "limit", "acme"])).errors).toContain("name a limit to set");
  const key = await descent(["tenants", "create-key", "acme", "ada", "--scopes", "read,submit"]);
  expect(key).toMatchObject({ code: 1, output: "", errors: expect.stringContaining("set API_KEYS_FILE") });
  const shown = (await descent(["tenants", "acme"])).output;
  expect(shown).toMatch(/^acme +suspended +default +any +1 MiB +0 +\d{4}-\d\d-\d\dT[\d:]{8}$/m);
  expect(shown).toMatch(/^ {2}submit: 2 a second, 3 at once$/m);
  expect(shown).not.toContain("read: ");
  const audit = await json(["tenants", "audit", "--limit", "2"]);
  expect(audit.map(({ operation }: { operation: string }) => operation)).toEqual(["createKey", "putTenant"]);
});

interface Finding {
  about: string;
  state: string;
  detail: string;
}

test("doctor says what is wrong with a machine or its configuration", async () => {
  const free = { PORT: "0", GRPC_PORT: "0", DATA_DIR: dataDir };
  const sound: Finding[] = await json(["doctor"], free);
  expect(sound.filter(({ state }) => state === "fault")).toEqual([]);
  expect(sound.map(({ about }) => about)).toEqual(
    expect.arrayContaining(["node", "redis", "kernels", "DATA_DIR", "memory"]),
  );

  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const port = String(typeof address === "object" ? address?.port : 0);
  const env = { ...free, PORT: port, REDIS_URL: "redis://127.0.0.1:1", API_KEY_FILE: "keys.json" };
  const { code, output } = await descent(["doctor", "--json"], env);
  taken.close();
  expect(code).toBe(1);
  const findings: Finding[] = JSON.parse(output);
  const faults = findings.filter(({ state }) => state === "fault").map(({ about }) => about);
  expect(faults.sort()).toEqual(["PORT", "redis"]);
  expect(findings).toContainEqual(
    expect.objectContaining({ about: "environment", remedy: "did you mean API_KEYS_FILE?" }),
  );
  const broken = await descent(["doctor"], { ...free, WORKERS: "many" });
  expect(broken).toMatchObject({ code: 1, output: expect.stringContaining("WORKERS=many") });
});
