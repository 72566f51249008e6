// Trains one job on the built engine and prints the SHA-256 of its weights. Started with flags that make V8 compile the kernels as for another processor.
import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import { compileKernels, instantiateKernels } from "../../../dist/src/engine/kernels/load.js";
import { leadTeam } from "../../../dist/src/engine/parallel/team.js";
import { fit as train } from "../../../dist/src/engine/train/fitting/fit.js";
import { createTrainingMemory, dataViews, weightTensors } from "../../../dist/src/engine/train/fitting/memory.js";
import { planTraining } from "../../../dist/src/engine/train/planning/plan-training.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { spec, shape, data } = JSON.parse(Buffer.concat(chunks).toString());
const plan = planTraining(spec, shape);
const memory = createTrainingMemory(plan);
const views = dataViews(plan, memory);
for (const split of ["train", "validation"]) {
  views[split].features.set(data[split].features);
  views[split].labels?.set(data[split].labels);
}
const team = leadTeam(plan, memory, { wasm: instantiateKernels(await compileKernels(), memory), native: null });
await train(plan, memory, team, {
  control: new Int32Array(new SharedArrayBuffer(4)),
  nowMs: () => performance.now(),
  checkpointEveryMs: 1e9,
});
const hash = createHash("sha256");
for (const { data: weights } of weightTensors(plan, memory))
  hash.update(Uint8Array.from(Buffer.from(Float32Array.from(weights).buffer)));
process.stdout.write(hash.digest("hex"));
