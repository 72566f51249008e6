// Whole jobs of the built service without the service: what a trainer's lead does, on this thread, with the artifacts in memory. Report, answers and held-out predictions are the service's own.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";

const pageBytes = 65_536;

/** Files by their key; as much of an artifact store as a lead asks for. */
const createMemoryStore = () => {
  const files = new Map();
  const at = (key) => {
    const found = files.get(key);
    if (found === undefined) throw new Error(`no file ${key}`);
    return found;
  };
  const write = async (key, body) => {
    const parts = [];
    if (body instanceof Uint8Array) parts.push(body);
    else for await (const part of body) parts.push(part);
    const bytes = Buffer.concat(parts);
    files.set(key, bytes);
    return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const read = async (key, range) => Readable.from([range ? at(key).subarray(range.start, range.end) : at(key)]);
  return { files, write, read, readBytes: async (key) => at(key) };
};

/** Memories are used again: a thousand small jobs would leave as many to the collector. */
const createMemories = () => {
  const known = new Map();
  return (bytes) => {
    const pages = bytes / pageBytes;
    const found = known.get(pages) ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    known.set(pages, found);
    new Uint8Array(found.buffer).fill(0);
    return found;
  };
};

/** @param dist the folder of a build, as a URL that ends with a slash */
export const loadReportJobs = async (dist) => {
  const part = (path) => import(new URL(`${path}.js`, dist).href);
  const { JobSpec } = await part("src/domain/jobs/spec/job-spec");
  const { resolveSpec } = await part("src/domain/jobs/spec/defaults");
  const { profileCsv } = await part("src/data/columns/profile-csv");
  const { countRows } = await part("src/data/splits/count-rows");
  const { fitsOf } = await part("src/data/splits/fits");
  const { planFits } = await part("src/usecases/jobs/planning/plan-fits");
  const { planSpec } = await part("workers/planning/plan-spec");
  const { leadJob } = await part("workers/training/lead");
  const { createControl } = await part("workers/engine/control");
  const { compileKernels } = await part("src/engine/kernels/load");
  const { artifactKeys } = await part("src/store/artifacts/artifact-store");
  const { createId } = await part("src/domain/ids");
  const { loadModel } = await part("workers/inference/load-model");
  const { encodeFor } = await part("workers/inference/answer");
  const { encodeRows } = await part("src/data/preprocessing/encode-rows");
  const kernels = { module: await compileKernels(), native: null };
  const memoryOf = createMemories();
  const tenant = "default";

  /** What a model answers to rows of cells, and what each of its folds' models says of them. */
  const ask = async (artifacts, model, rows) => {
    const { value: answer } = await loadModel(artifacts, kernels, tenant, model);
    const { inputs, exposures } = encodeRows(model.preprocessing, rows);
    const encoded = encodeFor(answer, inputs, rows.length, (other) => encodeRows(other, rows).inputs);
    return { predictions: answer(encoded), byFold: answer.withFolds?.(encoded).numbers(exposures) ?? null };
  };

  /** Runs a job on a CSV text: its model, its report, the CSV of its held-out predictions, and how it is asked. */
  return async (csv, input) => {
    const artifacts = createMemoryStore();
    const open = () => Readable.from([Buffer.from(csv)]);
    const [id, job] = [createId("ds", 0), createId("job", 0)];
    const written = await artifacts.write(artifactKeys.datasetFile(tenant, id), open());
    const about = { id, name: "data", format: "csv", createdAt: "2026-11-24T00:00:00Z", ...written };
    const dataset = { ...about, ...(await profileCsv(open())) };
    const parsed = JobSpec.parse({ dataset: id, ...input, resources: { threads: 1 } });
    const counted = await countRows(parsed, dataset, async () => open());
    const spec = resolveSpec(parsed, counted);
    const { memoryBytes, threads } = await planFits(fitsOf(spec, counted, null), async (fitted, shape) =>
      planSpec(fitted, shape, null),
    );
    const order = {
      ...{ tenant, job, attempt: 1, spec, dataset, base: null, prediction: null, checkpoints: [], trial: null },
      ...{ artifactCache: null, scratchFolder: "", artifactUrl: "", checkpointMs: 1e9, control: createControl() },
      ...{ admitted: { memoryBytes, threads }, memory: memoryOf(memoryBytes) },
    };
    const end = await leadJob(order, { artifacts, kernels, post: () => {} });
    if (end.type !== "trained") throw new Error(`the job ended otherwise: ${JSON.stringify(end)}`);
    const model = { ...end.model, createdAt: about.createdAt };
    const hex = model.digest.replace(/^sha256:/, "");
    const report = JSON.parse(artifacts.files.get(artifactKeys.report(tenant, model.id, hex)).toString());
    const heldOut = artifacts.files.get(artifactKeys.heldOut(tenant, model.id, hex))?.toString() ?? null;
    return { model, report, heldOut, ask: (rows) => ask(artifacts, model, rows) };
  };
};
