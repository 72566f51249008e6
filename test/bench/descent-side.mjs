// The engine's side of the bench: the plan of a job, its team, and steps of training as fit() runs them.
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { networks } from "./networks.mjs";
import { toSpec, workloads } from "./workloads.mjs";

/** The built engine below a `dist` folder. */
export const loadEngine = async (dist) => {
  const part = (path) => import(new URL(`src/${path}`, dist).href);
  const parts = await Promise.all([
    part("domain/jobs/spec/job-spec.js"),
    part("engine/train/planning/plan-training.js"),
    part("engine/train/fitting/memory.js"),
    part("engine/train/fitting/row-runner.js"),
    part("engine/train/fitting/stepper.js"),
    part("engine/parallel/team.js"),
    part("engine/kernels/engine-kernels.js"),
    part("engine/kernels/load.js"),
    part("engine/kernels/native/choose.js"),
    part("engine/optim/schedule.js"),
    part("engine/train/fitting/state.js"),
    part("formats/architectures/residual.js"),
    part("formats/onnx/read-network.js"),
  ]);
  return { ...Object.assign({}, ...parts), dist: dist.href };
};

/** Standard normal features and uniform labels; the numbers do not matter. */
const fillData = ({ train }, outputs) => {
  for (let i = 0; i < train.features.length; i++) {
    train.features[i] = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  }
  for (let i = 0; i < train.labels.length; i++) train.labels[i] = Math.floor(Math.random() * outputs);
};

const startMembers = async (engine, plan, memory, kernels) => {
  const members = [];
  for (let thread = 1; thread < plan.threads; thread++) {
    const workerData = { dist: engine.dist, plan, memory, kernels, thread };
    const worker = new Worker(new URL("member.mjs", import.meta.url), { workerData });
    await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    members.push(worker);
  }
  return members;
};

/** Mini-batches in an epoch of the bench's data. */
const usualBatches = 16;

/** Steps of training as fit() runs them. */
const createTraining = (engine, name, { plan, memory, team, batches }) => {
  const runner = engine.createRowRunner(plan, memory, team, () => {});
  const stepper = engine.createStepper(plan, memory, team, runner);
  stepper.initialise();
  let steps = 0;
  return () => {
    const batch = steps % batches;
    const epoch = Math.floor(steps / batches);
    if (batch === 0) stepper.shuffle(epoch);
    const loss = stepper.run(epoch, batch, steps, engine.initialPlateau);
    if (!Number.isFinite(loss)) throw new Error(`${name}: the loss is ${loss}`);
    steps += 1;
  };
};

/** Prepares a workload; `run(seconds)` trains on, or answers, and tells how many samples it took in how long. */
export const createDescentSide = async (engine, name, { threads, kernels: wanted }) => {
  const workload = workloads[name];
  const { batch, batches = usualBatches, inputs, outputs, answers = false } = workload;
  const given = workload.network && networks[workload.network](engine);
  const spec = { ...toSpec(workload, threads, engine.JobSpec), ...(given ? { network: given.network } : {}) };
  const shape = { trainRows: batch * batches, validationRows: 0, testRows: 0, inputs, outputs };
  const plan = engine.planTraining(spec, shape);
  const memory = engine.createTrainingMemory(plan);
  fillData(engine.dataViews(plan, memory), outputs);
  const module = await engine.compileKernels();
  const { native } = await engine.chooseKernels(wanted);
  const kernels = await engine.loadEngineKernels({ module, native }, memory);
  const members = await startMembers(engine, plan, memory, { module, native });
  const team = engine.leadTeam(plan, memory, kernels);
  const train = createTraining(engine, name, { plan, memory, team, batches });
  if (given) engine.loadInitial(plan, memory, given.data);
  const { stages, evaluate } = plan.programIndex;
  const program = answers ? evaluate.train.full : stages[0].step[0].program;
  // What is measured of a model between epochs: its answers to a batch, and their loss.
  const step = answers ? () => team.run(program) : train;
  const { calls, flops } = plan.programs[program];
  const run = (seconds) => {
    const startMs = performance.now();
    let steps = 0;
    // At least a thousandth of the time between two looks at the clock, so that looking costs nothing.
    for (let stop = false; !stop; stop = performance.now() - startMs >= seconds * 1000) {
      const atOnce = flops < 1e6 ? 20 : 1;
      for (let i = 0; i < atOnce; i++) step();
      steps += atOnce;
    }
    return { samples: steps * batch, seconds: (performance.now() - startMs) / 1000 };
  };
  run(0.2);
  const close = async () => {
    team.dismiss();
    await Promise.all(members.map((member) => member.terminate()));
  };
  return {
    ...{ run, close, plan, memory, kernels, team, calls, batch },
    flopsPerSample: flops / batch,
    threads: plan.threads,
    kernelName: native?.level ?? "wasm",
  };
};
