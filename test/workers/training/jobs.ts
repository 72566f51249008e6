import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { decodeCells } from "../../../src/data/images/decode-cells.ts";
import { encodeRows } from "../../../src/data/preprocessing/encode-rows.ts";
import { requireFinite } from "../../../src/data/preprocessing/require-finite.ts";
import { countRows } from "../../../src/data/splits/count-rows.ts";
import { fitsOf } from "../../../src/data/splits/fits.ts";
import type { ColumnType, Dataset, Row } from "../../../src/domain/datasets/dataset.ts";
import { createId } from "../../../src/domain/ids.ts";
import type { MetricPoint } from "../../../src/domain/jobs/job.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import { JobSpec, type JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { limits } from "../../../src/domain/limits.ts";
import type { ImagePreset } from "../../../src/domain/models/image-preprocessing.ts";
import { preprocessingFor } from "../../../src/domain/models/image-presets.ts";
import type { ImportedModel } from "../../../src/domain/models/imported-model.ts";
import type { AnyModel } from "../../../src/domain/models/model.ts";
import type { Prediction, PredictWarning } from "../../../src/domain/models/predictions/prediction.ts";
import { Report } from "../../../src/domain/models/report.ts";
import { compileKernels } from "../../../src/engine/kernels/load.ts";
import type { NativeLibrary } from "../../../src/engine/kernels/native/library.ts";
import { createImageDecoder } from "../../../src/formats/images/decode-image.ts";
import { artifactKeys } from "../../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../../src/store/artifacts/file-artifact-store.ts";
import { readNetwork } from "../../../src/store/artifacts/read-network.ts";
import type { CheckpointRecord } from "../../../src/store/job-store.ts";
import { planFits } from "../../../src/usecases/jobs/planning/plan-fits.ts";
import { createControl } from "../../../workers/engine/control.ts";
import type { FromThread, RunOrder } from "../../../workers/engine/protocol.ts";
import { toRunEnd } from "../../../workers/engine/run-error.ts";
import { importNetwork } from "../../../workers/importing/import-network.ts";
import { encodeFor } from "../../../workers/inference/answer.ts";
import { loadModel } from "../../../workers/inference/load-model.ts";
import { planSpec } from "../../../workers/planning/plan-spec.ts";
import type { ReadOrder } from "../../../workers/reading/read-rows.ts";
import { leadJob } from "../../../workers/training/lead.ts";
import { datasetOf } from "../../data/csv-fixtures.ts";

const tenant = "default";

/** A thread that reads rows for a lead. Node 20 starts no worker from a .ts file: this one runs what `npm run build` put into dist. */
const startReader = (order: ReadOrder): Promise<unknown> => {
  const url = new URL("./reader.mjs", import.meta.url);
  return once(new Worker(url, { workerData: order }), "exit");
};

/** Trains on the data of a CSV text as a trainer's lead does, on this thread: with files, without Redis. */
export const createJobs = async (native: NativeLibrary | null = null) => {
  const folder = await mkdtemp(join(tmpdir(), "descent-lead-"));
  const artifacts = await createFileArtifactStore(folder);
  const kernels = { module: await compileKernels(), native };

  const train = async (
    csv: string | Buffer,
    input: Omit<JobSpecInput, "dataset">,
    types: Record<string, ColumnType> = {},
    base: AnyModel | null = null,
  ) => {
    const open = () => Readable.from([Buffer.from(csv)]);
    const id = createId("ds", Date.now());
    const { bytes, sha256 } = await artifacts.write(artifactKeys.datasetFile(tenant, id), open());
    const dataset = { ...(await datasetOf(open, "data", types)), id, bytes, sha256 };
    return trainOn(dataset, input, base);
  };

  /** A network from a file, as an import leaves it in the store. */
  const importModel = async (
    file: Uint8Array,
    described: Partial<ImportedModel> & { preprocessing?: ImagePreset } = {},
  ): Promise<ImportedModel> => {
    const id = createId("mdl", Date.now());
    const upload = artifactKeys.modelUpload(tenant, id);
    await artifacts.write(upload, Readable.from([file]));
    const question = { tenant, model: id, format: "onnx", mostBytes: Number.POSITIVE_INFINITY } as const;
    const answer = await importNetwork(artifacts, question);
    if ("needsBytes" in answer) throw new Error("there is room for any network");
    const { producer, opset, ...read } = answer;
    await artifacts.remove(upload);
    const { preprocessing = "none", ...rest } = described;
    return {
      ...{ id, name: "imported", origin: "imported", job: null, dataset: null, base: null, metrics: {}, ...read },
      ...{ image: preprocessingFor(preprocessing, read.inputs[0], ""), licence: null, source: null },
      ...{
        file: { format: "onnx", bytes: file.length, sha256: "", producer, opset },
        createdAt: "2026-11-24T00:00:00Z",
      },
      ...rest,
    };
  };

  /** What a job would be: its spec with every default, and its plan. */
  const planOn = async (dataset: Dataset, input: Omit<JobSpecInput, "dataset">, base: AnyModel | null = null) => {
    const resources = { threads: 1, ...input.resources };
    const parsed = JobSpec.parse({ dataset: dataset.id, ...input, resources });
    const counted = await countRows(parsed, dataset, () =>
      artifacts.read(artifactKeys.datasetFile(tenant, dataset.id, dataset.format)),
    );
    const spec = resolveSpec(parsed, counted, base);
    const network = base === null ? null : await readNetwork(artifacts, tenant, base);
    const fits = fitsOf(spec, counted, base);
    return { spec, plan: await planFits(fits, async (fitted, shape) => planSpec(fitted, shape, network)) };
  };

  /** Trains on a data set whose file is in the store. */
  const trainOn = async (
    dataset: Dataset,
    input: Omit<JobSpecInput, "dataset">,
    base: AnyModel | null = null,
    {
      onCheckpoint,
      ...resumed
    }: Partial<
      Pick<RunOrder, "checkpoints" | "control" | "checkpointMs" | "job" | "trial" | "artifactCache" | "seenByBase">
    > & {
      onCheckpoint?: (count: number) => void;
    } = {},
    beforeReading: () => void = () => {},
  ) => {
    const { spec, plan } = await planOn(dataset, input, base);
    const { memoryBytes, threads } = plan;
    const checkpoints: CheckpointRecord[] = [];
    const events: Extract<FromThread, { type: "event" }>[] = [];
    const points: MetricPoint[] = [];
    const readers: Promise<unknown>[] = [];
    const post = (message: FromThread): void => {
      if (message.type === "recruit_reader") {
        beforeReading();
        readers.push(startReader(message.order));
      }
      if (message.type === "event") events.push(message);
      if (message.type === "points") points.push(...message.points);
      if (message.type !== "checkpoint") return;
      const count = checkpoints.unshift(message.record);
      onCheckpoint?.(count);
    };
    const memory = new WebAssembly.Memory({ initial: memoryBytes / 65_536, maximum: 65_536, shared: true });
    const order = {
      ...{
        tenant,
        job: createId("job", Date.now()),
        attempt: 1,
        spec,
        dataset,
        base,
        seenByBase: false,
        prediction: null,
        checkpoints: [],
      },
      ...{
        artifactCache: null,
        scratchFolder: join(folder, "scratch"),
        artifactUrl: pathToFileURL(folder).href,
        checkpointMs: 60_000,
        trial: null,
        admitted: { memoryBytes, threads },
        control: createControl(),
        memory,
      },
      ...resumed,
    };
    const end = await leadJob(order, { artifacts, kernels, post }).catch((error: unknown) => {
      const failed = toRunEnd(error);
      if (failed === null) throw error;
      return failed;
    });
    await Promise.all(readers);
    return { spec, plan, dataset, events, points, end, checkpoints };
  };

  /** The model of a job that succeeded: its report, and its answers as the service gives them. */
  const modelOf = async ({ end }: Awaited<ReturnType<typeof train>>) => {
    if (end.type !== "trained") throw new Error(`the job ended otherwise: ${JSON.stringify(end)}`);
    const model = { ...end.model, createdAt: "2026-11-24T00:00:00Z" };
    const key = artifactKeys.report(tenant, model.id, model.digest.replace(/^sha256:/, ""));
    const report = Report.parse(JSON.parse(Buffer.from(await artifacts.readBytes(key)).toString()));
    const { value: answer } = await loadModel(artifacts, kernels, tenant, model);
    const answerPictures = async (...rows: Row[]): Promise<Prediction[]> => {
      const pixelsOf = await decodeCells(model.preprocessing, rows, createImageDecoder(limits.imagePixels));
      const pixels = pixelsOf === null ? {} : { pixelsOf };
      const { inputs } = encodeRows(model.preprocessing, rows, pixels);
      return answer(encodeFor(answer, inputs, rows.length, (own) => encodeRows(own, rows, pixels).inputs));
    };
    const predict = (...rows: Row[]): { predictions: Prediction[]; warnings: readonly PredictWarning[] } => {
      const { inputs, warnings } = encodeRows(model.preprocessing, rows);
      const predictions = answer(encodeFor(answer, inputs, rows.length, (own) => encodeRows(own, rows).inputs));
      requireFinite(predictions, warnings);
      return { predictions, warnings };
    };
    const values = (...rows: Row[]): number[] =>
      predict(...rows).predictions.map((prediction) => ("value" in prediction ? prediction.value : Number.NaN));
    return { model, report, predict, answerPictures, values };
  };

  /** What the report of such a job says under a code; null: nothing. */
  const noteOf = async (
    csv: string,
    input: Omit<JobSpecInput, "dataset">,
    code: Report["notes"][number]["code"],
  ): Promise<string | null> => {
    const { report } = await modelOf(await train(csv, input));
    return report.notes.find((note) => note.code === code)?.message ?? null;
  };

  /** The rows that were held out, with the model's answers: cells by their columns. */
  const heldOutOf = async ({ id, digest }: Pick<AnyModel, "id" | "digest">): Promise<Record<string, string>[]> => {
    const key = artifactKeys.heldOut(tenant, id, digest.replace(/^sha256:/, ""));
    const [head, ...lines] = Buffer.from(await artifacts.readBytes(key))
      .toString()
      .trim()
      .split("\n");
    const columns = head!.split(",");
    return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i]!, cell])));
  };

  return {
    artifacts,
    folder,
    train,
    trainOn,
    planOn,
    importModel,
    modelOf,
    noteOf,
    heldOutOf,
    close: () => rm(folder, { recursive: true, force: true }),
  };
};
