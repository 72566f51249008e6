// What the plan of a large network says, what its job takes, and what the trainer's process holds beside it, on the real service: torchvision's ResNet-50 with random weights (Debian's python3-torchvision), imported,
// fine-tuned on made pictures: whole, in parts of a batch, with activations computed again, and with its trunk frozen.
//   npm run build && node test/bench/large-network.mjs [--name resnet50] [--rows 24] [--batch 8] [--threads 1]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { createClient } from "../chaos/client.mjs";
import { startService } from "../chaos/service.mjs";

const { values } = parseArgs({
  options: {
    name: { type: "string", default: "resnet50" },
    rows: { type: "string", default: "24" },
    batch: { type: "string", default: "8" },
    epochs: { type: "string", default: "2" },
    only: { type: "string", default: "" },
    threads: { type: "string", default: "1" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const [rows, batchSize, epochs] = [Number(values.rows), Number(values.batch), Number(values.epochs)];
const MIB = 2 ** 20;
const side = 224;

/** A file of a tar archive: its header (POSIX ustar) and its bytes, in blocks of 512. */
const tarFile = (name, bytes) => {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0        0", 136);
  header.write("ustar\x0000", 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 511)]);
};

const makePictures = async () => {
  const files = [];
  for (let row = 0; row < rows; row++) {
    const pixels = Uint8Array.from(
      { length: side * side * 3 },
      (_, i) => 128 + 100 * Math.sin(i / (300 + row)) * Math.cos((i * (1 + (row % 2))) / 3),
    );
    const file = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .jpeg()
      .toBuffer();
    files.push(tarFile(`${row % 2 === 0 ? "even" : "odd"}/${row}.jpg`, file));
  }
  return Buffer.concat([...files, Buffer.alloc(1024)]);
};

const exported = (folder) => {
  const script = `
import sys, warnings, torch, torchvision
warnings.filterwarnings("ignore")
torch.manual_seed(7)
model = getattr(torchvision.models, sys.argv[1])(weights=None)
torch.onnx.export(model, torch.randn(2, 3, ${side}, ${side}), sys.argv[2], training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False, opset_version=14,
                  input_names=["input"], output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
`;
  const file = join(folder, "network.onnx");
  execFileSync(values.python, ["-c", script, values.name, file], { stdio: ["ignore", "ignore", "inherit"] });
  return readFileSync(file);
};

const residentOf = (pid, field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

const open = (url) => {
  const answer = async (response) => {
    const body = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(body).slice(0, 1000));
    return body;
  };
  const send = async (path, type, body) =>
    answer(await fetch(url + path, { method: "POST", headers: { "content-type": type }, body }));
  return {
    send,
    post: (path, body) => send(path, "application/json", JSON.stringify(body)),
    done: createClient(url).finished,
  };
};

/** Seconds of the attempt that trained, from its claim to its end. */
const secondsOf = ({ startedAt, endedAt }) => (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;

/** Seconds of a core that a process has used, in user mode (proc(5): field 14, in ticks of 10 ms): what else the machine does is not in them. */
const coreSecondsOf = (pid) =>
  Number(
    readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[11],
  ) / 100;

/** Runs a job in a service of its own, whose trainer holds nothing of another. */
const run = async (folder, pictures, network, specOf) => {
  const service = await startService(join(folder, "data"), { workers: 1, leaseSeconds: 10, checkpointSeconds: 1000 });
  try {
    const client = open(service.url);
    const dataset = await client.send(`/v1/datasets?name=pictures`, "application/x-tar", pictures);
    const path = `/v1/models?name=${values.name}&preprocessing=imagenet`;
    const spec = specOf(dataset, await client.send(path, "application/onnx", network));
    const plan = await client.post("/v1/jobs/plan", spec);
    const [pid] = service.alive("trainer");
    const [idle, coreBefore] = [residentOf(pid, "VmRSS"), coreSecondsOf(pid)];
    const { id } = await client.post("/v1/jobs", spec);
    const job = await client.done(id);
    if (job.state !== "succeeded") throw new Error(JSON.stringify(job.error));
    const core = coreSecondsOf(pid) - coreBefore;
    return { plan, core, seconds: secondsOf(job), beside: residentOf(pid, "VmHWM") - idle - plan.memoryBytes / MIB };
  } finally {
    await service.stop();
    rmSync(join(folder, "data"), { recursive: true, force: true });
  }
};

const folder = mkdtempSync(join(tmpdir(), "descent-large-"));
try {
  const [pictures, network] = [await makePictures(), exported(folder)];
  const variants = {
    "every weight": {},
    "every weight, `microBatch` 2": { training: { microBatch: 2 } },
    "every weight, in 600 MiB": { resources: { memoryBytes: 600 * MIB } },
    "every weight, `gradientCheckpointing`": { training: { gradientCheckpointing: true } },
    "trunk frozen": { base: { freeze: "all but the head" } },
  };
  console.log(
    `a load of ${loadavg()[0].toFixed(1)} before, ${values.threads} thread(s), ${rows} pictures, batches of ${batchSize}, ${epochs} epochs\n`,
  );
  console.log("| fine-tuning | planned MiB | beside MiB | planned s | core s | took s | planned / core |");
  console.log(`|${" --- |".repeat(7)}`);
  for (const [name, { training = {}, base = {}, resources = {} }] of Object.entries(variants)) {
    if (!name.includes(values.only)) continue;
    const specOf = (dataset, model) => ({
      ...{ dataset: dataset.id, task: { type: "classification", label: "label" }, model: { type: "network" } },
      base: { model: model.id, newHead: true, ...base },
      optimizer: { type: "momentum", learningRate: 0.001 },
      training: { epochs, batchSize, l2: 0, earlyStopping: false, split: { validation: 0, test: 0 }, ...training },
      resources: { threads: Number(values.threads), memoryBytes: 3 * 1024 * MIB, ...resources },
    });
    const { plan, core, seconds, beside } = await run(folder, pictures, network, specOf);
    const cells = [
      (plan.memoryBytes / MIB).toFixed(0),
      beside.toFixed(0),
      plan.estimatedSeconds.toFixed(1),
      core.toFixed(1),
      seconds.toFixed(1),
    ];
    console.log(`| ${[name, ...cells, (plan.estimatedSeconds / core).toFixed(2)].join(" | ")} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
