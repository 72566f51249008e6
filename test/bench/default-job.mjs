// Jobs of the built service without the service: what the record of a job would hold, computed in this process on one thread.
import { Readable } from "node:stream";

/** @param dist the folder of a build, as a URL that ends with a slash */
export const loadJobs = async (dist) => {
  const part = (path) => import(new URL(`src/${path}.js`, dist).href);
  const { JobSpec } = await part("domain/jobs/spec/job-spec");
  const { resolveSpec } = await part("domain/jobs/spec/defaults");
  const { profileCsv } = await part("data/columns/profile-csv");
  const { dataShape } = await part("data/preprocessing/data-shape");
  const { prepare } = await part("data/preprocessing/prepare");
  const { fitsOf, refitOf } = await part("data/splits/fits");
  const { sharesOfMetrics } = await part("engine/train/fitting/trials/shares");
  const { encodeRows } = await part("data/preprocessing/encode-rows");
  const { planTraining } = await part("engine/train/planning/plan-training");
  const { createTrainingMemory, dataViews, weightTensors } = await part("engine/train/fitting/memory");
  const { createPredictor } = await part("engine/train/predictor");
  const { leadTeam } = await part("engine/parallel/team");
  const { compileKernels } = await part("engine/kernels/load");
  const { loadEngineKernels } = await part("engine/kernels/engine-kernels");
  const { fit: train } = await part("engine/train/fitting/fit");
  const { createRandomStream } = await part("engine/kernels/philox");
  const { native } = await (await part("engine/kernels/native/choose")).chooseKernels("auto");
  const kernels = { module: await compileKernels(), native };

  const openText = (text) => () => Readable.from([Buffer.from(text)]);
  const upload = async (name, open) => ({ id: "ds_01JD0000000000000000000000", name, ...(await profileCsv(open())) });

  /** One fit of a job, by a spec with every default. */
  const runFit = async (spec, dataset, open) => {
    const plan = planTraining(spec, dataShape(spec, dataset));
    const memory = createTrainingMemory(plan);
    const views = dataViews(plan, memory);
    const preprocessing = await prepare(spec, dataset, open, views);
    const startedMs = performance.now();
    const team = leadTeam(plan, memory, await loadEngineKernels(kernels, memory));
    const control = new Int32Array(new SharedArrayBuffer(4));
    const { metrics } = await train(plan, memory, team, {
      control,
      nowMs: () => performance.now(),
      checkpointEveryMs: Number.POSITIVE_INFINITY,
    });
    team.dismiss();
    const milliseconds = performance.now() - startedMs;
    const answer = async (inputs) => {
      const weights = new Map(weightTensors(plan, memory).map(({ name, data }) => [name, Float32Array.from(data)]));
      return (await createPredictor(spec, plan.shape, weights, kernels)).predict(inputs);
    };
    const predict = (rows) => answer(encodeRows(preprocessing, rows).inputs);
    return { spec, plan, metrics, milliseconds, views, preprocessing, predict, answer };
  };

  /** Trains one job, and once more on every row where it has a refit: its metrics, the rows as it saw them, and `predict(rows)`, which answers (rows × outputs) as the model does; `answer` takes them as it saw them. */
  const runJob = async (dataset, open, input) => {
    const spec = resolveSpec(JobSpec.parse({ dataset: dataset.id, ...input }), dataset);
    const first = await runFit(spec, dataset, open);
    if (fitsOf(spec, dataset, null).length === 1) return first;
    const { bestEpoch, epochs, l2 = spec.training.l2, temperature = 1 } = first.metrics;
    const refit = refitOf(spec, dataset, null, {
      ...{ lastEpoch: bestEpoch ?? epochs, l2, temperature },
      shares: sharesOfMetrics(first.metrics),
    });
    const second = await runFit(refit.spec, dataset, open);
    return { ...second, metrics: first.metrics, milliseconds: first.milliseconds + second.milliseconds };
  };
  return { upload, openText, runJob, createRandomStream };
};

export const meanOf = (values) => values.reduce((total, value) => total + value, 0) / values.length;
export const errorOf = (values) => {
  const mean = meanOf(values);
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
};
