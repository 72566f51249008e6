// Stores iris and two small models with the build in TREE, and writes what that build answers to OUT.json: node record.mjs TREE OUT.json
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [tree, out] = process.argv.slice(2);
const dataDir = mkdtempSync(join(tmpdir(), "descent-upgrade-"));
const child = spawn(process.execPath, [`${tree}/dist/src/main.js`], {
  env: { ...process.env, DATA_DIR: dataDir, PORT: "0", GRPC_PORT: "0", TRAINER_THREADS: "1", LOG_LEVEL: "warn" },
  stdio: ["ignore", "pipe", "inherit"],
});
let text = "";
const url = await new Promise((resolve) =>
  child.stdout.on("data", (part) => {
    text += part;
    const found = /REST +(https?:\S+)\/v1/.exec(text);
    if (found !== null && text.includes("Ctrl-C")) resolve(found[1]);
  }),
);
const get = async (path, init) => {
  const response = await fetch(url + path, init);
  const body = await response.text();
  if (!response.ok) throw new Error(`${path} ${response.status} ${body}`);
  return JSON.parse(body);
};
const json = (body, method = "POST") => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const dataset = await get("/v1/datasets?name=iris", {
  method: "POST",
  headers: { "content-type": "text/csv" },
  body: readFileSync(`${tree}/test/data/iris.csv`),
});
const task = { type: "classification", label: "species" };
const specs = [
  { name: "softmax", dataset: dataset.id, task, model: { type: "softmax" }, training: { epochs: 5 } },
  { name: "mlp", dataset: dataset.id, task, model: { type: "mlp", hidden: [8] }, training: { epochs: 5 } },
];
const rows = [
  { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 },
  { sepal_length: 6.3, sepal_width: 2.8, petal_length: 5.1, petal_width: 1.5 },
];
const jobs = [];
for (const spec of specs) {
  let job = await get("/v1/jobs", json(spec));
  while (!job.done) job = await get(`/v1/jobs/${job.id}?wait=30`);
  if (job.state !== "succeeded") throw new Error(JSON.stringify(job));
  const weights = Buffer.from(await (await fetch(`${url}/v1/models/${job.model}/weights`)).arrayBuffer());
  jobs.push({
    spec,
    job,
    model: await get(`/v1/models/${job.model}`),
    report: await get(`/v1/models/${job.model}/report`),
    points: (await get(`/v1/jobs/${job.id}/metrics?limit=1000`)).items,
    weights: createHash("sha256").update(weights).digest("hex"),
    prediction: await get(`/v1/models/${job.model}/predict`, json({ rows })),
  });
}
const alias = await get("/v1/aliases/production", json({ model: jobs[1].job.model }, "PUT"));
child.kill("SIGINT");
await new Promise((resolve) => child.once("close", resolve));
writeFileSync(out, JSON.stringify({ dataset, rows, jobs, alias }));
console.log(`the data folder: ${dataDir}`);
