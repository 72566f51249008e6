import { createHash } from "node:crypto";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { readPredictBody, withPictures } from "../../src/data/images/predict-body.ts";
import { encodeRows } from "../../src/data/preprocessing/encode-rows.ts";
import type { Party } from "../../src/domain/fairness/shares.ts";
import { createId } from "../../src/domain/ids.ts";
import type { Job, MetricPoint } from "../../src/domain/jobs/job.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../../src/domain/models/model.ts";
import {
  type Prediction,
  PredictRequest,
  type PredictResponse,
} from "../../src/domain/models/predictions/prediction.ts";
import { compileKernels } from "../../src/engine/kernels/load.ts";
import { createImageDecoder } from "../../src/formats/images/decode-image.ts";
import { readParquet } from "../../src/formats/parquet/parquet-table.ts";
import { readPredictRequest, writePredictResponse } from "../../src/grpc/prediction-messages.ts";
import { registerDescriptors } from "../../src/grpc/reflection.ts";
import { createGrpcServer, type GrpcServer } from "../../src/grpc/server.ts";
import { inferenceService } from "../../src/inference-protocol/grpc.ts";
import { registerInferenceProtocol } from "../../src/inference-protocol/rest.ts";
import { createOpenAiSurface } from "../../src/openai/openai-surface.ts";
import { createBullTrainingQueue } from "../../src/queue/bull-training-queue.ts";
import { createRestServer } from "../../src/rest/server.ts";
import { reportClassification } from "../../src/stats/classification-report.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import { createFileArtifactStore } from "../../src/store/artifacts/file-artifact-store.ts";
import { createRedisAccessStore } from "../../src/store/redis/access/redis-access-store.ts";
import { createTokenSecret } from "../../src/store/redis/access/redis-token-secret.ts";
import { createRedisJobStore } from "../../src/store/redis/jobs/redis-job-store.ts";
import { createRedisCatalogue } from "../../src/store/redis/redis-catalogue.ts";
import {
  createLastingConnection,
  createProducerConnection,
  waitForRedis,
} from "../../src/store/redis/redis-connection.ts";
import { createRedisReservations } from "../../src/store/redis/redis-reservations.ts";
import { createRedisStudyStore } from "../../src/store/redis/studies/redis-study-store.ts";
import { type Admit, admitEveryone } from "../../src/usecases/admission/caller.ts";
import type { OnFinished } from "../../src/usecases/admission/finished-request.ts";
import { createLoadGate } from "../../src/usecases/admission/load-gate.ts";
import { parse, rowLimits } from "../../src/usecases/admission/parse.ts";
import type { Deps, EngineAccess } from "../../src/usecases/deps.ts";
import { createKnownPlans } from "../../src/usecases/jobs/planning/known-plans.ts";
import { exportStored } from "../../workers/exporting/export-stored.ts";
import { importNetwork } from "../../workers/importing/import-network.ts";
import { answerHttp, answerMessage, readHttpAnswer } from "../../workers/inference/answer-inference.ts";
import { compareModels } from "../../workers/inference/comparing/compare-models.ts";
import { loadImported } from "../../workers/inference/imported-answer.ts";
import { planPrediction } from "../../workers/planning/plan-prediction.ts";
import { planSpec } from "../../workers/planning/plan-spec.ts";
import { quiet, startTestRedis, type TestRedis } from "./redis.ts";

export interface TestService {
  deps: Deps;
  /** `http://127.0.0.1:port` */
  url: string;
  /** `127.0.0.1:port` */
  grpcAddress: string;
  redis: TestRedis;
  rest: FastifyInstance;
  grpc: GrpcServer;
  close(): Promise<void>;
}

/** Both surfaces on real sockets, over a real Redis and a real file store. Only computing is left out. */
export const startTestService = async (
  options: {
    admit?: Admit;
    quotas?: Deps["quotas"];
    webhooks?: Deps["webhooks"];
    /** Whether ended jobs are put into the RunOutbox. */
    tracked?: boolean;
    deps?: (deps: Deps) => Deps;
    onFinished?: OnFinished;
  } = {},
): Promise<TestService> => {
  const redis = await startTestRedis();
  const ignore = () => {};
  const commands = createProducerConnection(redis.url, ignore);
  const subscriber = createLastingConnection(redis.url, ignore);
  const queueConnection = createProducerConnection(redis.url, ignore);
  for (const connection of [commands, subscriber, queueConnection]) await waitForRedis(connection, 5000);
  const queue = createBullTrainingQueue({ connection: queueConnection, onError: ignore });
  const artifacts = await createFileArtifactStore(join(redis.folder, "artifacts"));
  const plain: Deps = {
    artifacts,
    jobs: createRedisJobStore({ redis: commands, subscriber, leaseMs: 30_000, tracked: options.tracked ?? false }),
    studies: createRedisStudyStore({ redis: commands, subscriber }),
    catalogue: createRedisCatalogue({ redis: commands }),
    queue,
    engine: await createTestEngine(artifacts),
    knownPlans: createKnownPlans(),
    readParquet,
    consumption: { trouble: () => null, largestTrainer: () => null, trainers: () => [] },
    log: quiet,
    quotas: options.quotas ?? { queuedJobs: null, storedBytes: null },
    reservations: createRedisReservations(commands),
    webhooks: options.webhooks ?? null,
    access: createRedisAccessStore({ redis: commands }),
    tokenSecret: createTokenSecret(commands),
    now: () => new Date(),
    createId: (prefix) => createId(prefix, Date.now()),
  };
  const deps = options.deps?.(plain) ?? plain;
  const { admit, onFinished } = options;
  const both = { ...(admit === undefined ? {} : { admit }), ...(onFinished === undefined ? {} : { onFinished }) };
  const gate = createLoadGate(deps.log);
  const inference = { deps, admit: admit ?? admitEveryone, gate };
  const rest = await createRestServer(deps, {
    ...both,
    plugins: [createOpenAiSurface(deps), (app) => registerInferenceProtocol(app, inference), registerDescriptors],
  });
  const grpc = createGrpcServer(deps, { ...both, services: [inferenceService], readinessMs: 100 });
  const url = await rest.listen({ host: "127.0.0.1", port: 0 });
  const port = await grpc.listen({ host: "127.0.0.1", port: 0 });
  return {
    deps,
    url,
    grpcAddress: `127.0.0.1:${port}`,
    redis,
    rest,
    grpc,
    close: async () => {
      await Promise.all([rest.close(), grpc.close(1000)]);
      gate.close();
      await queue.close();
      for (const connection of [commands, subscriber, queueConnection]) connection.disconnect();
      await redis.stop();
    },
  };
};

const firstClass = ({ preprocessing: { label } }: Model, rows: number): Prediction[] => {
  const classes = label.type === "classes" ? label.classes : [];
  const probabilities = Object.fromEntries(classes.map((name, i) => [name, i === 0 ? 0.75 : 0.25]));
  return Array.from({ length: rows }, () => ({ label: classes[0] ?? "", probabilities }));
};

/** Plans, imports and asks imported networks as the service does; of trained models it predicts the first class for every row that the preprocessing takes. */
const createTestEngine = async (artifacts: ArtifactStore): Promise<EngineAccess> => {
  const kernels = { module: await compileKernels(), native: null };
  const decode = createImageDecoder(100_000_000);
  const networks = new Map<string, ReturnType<typeof loadImported>>();
  const networkOf = ({ tenant }: Party, model: ImportedModel): ReturnType<typeof loadImported> => {
    const loading = networks.get(model.id) ?? loadImported(artifacts, kernels, tenant, model, decode);
    networks.set(model.id, loading);
    return loading;
  };
  const predict = async (party: Party, model: AnyModel, body: unknown): Promise<PredictResponse> => {
    if (isImported(model)) {
      const { encode, answer, label } = (await networkOf(party, model)).value;
      return { predictions: label(model, answer(await encode(model, body))), warnings: [], furtherWarnings: 0 };
    }
    const { rows, strict } = parse(PredictRequest, body, { most: rowLimits });
    const { warnings, furtherWarnings } = encodeRows(model.preprocessing, rows, { strict });
    const predictions = rows.map(() => ({ label: "setosa", probabilities: { setosa: 1, versicolor: 0 } }));
    return { predictions, warnings: [...warnings], furtherWarnings };
  };
  return {
    plan: async (_party, spec, shape, network) => planSpec(spec, shape, network),
    planPrediction: async (_party, model, network) => planPrediction(model, network),
    predictBody: async (party, model, { body, contentType }) =>
      Buffer.from(JSON.stringify(await predict(party, model, readPredictBody(model, body, contentType)))),
    predictMessage: async (party, model, body) => {
      const { pictures, ...asked } = readPredictRequest(body);
      return writePredictResponse(await predict(party, model, withPictures(model, asked, pictures)));
    },
    compare: ({ tenant }, question) =>
      compareModels(artifacts, { tenant, ...question }, async (model) => (encoded) => firstClass(model, encoded.rows)),
    inferHttp: async (party, model, question) =>
      readHttpAnswer(await answerHttp(model, question, (body) => predict(party, model, body))),
    inferMessage: (party, model, question) => answerMessage(model, question, (body) => predict(party, model, body)),
    importNetwork: ({ tenant }, request) => importNetwork(artifacts, { tenant, ...request }),
    exportOnnx: async ({ tenant }, { model, preprocessing }) => ({
      content: isImported(model)
        ? new Uint8Array(Buffer.concat((await exportStored(artifacts, tenant, model, { preprocessing })).chunks))
        : new TextEncoder().encode("an ONNX file"),
      sent: () => {},
    }),
    forget: () => {},
  };
};

export const iris = `sepal_length,sepal_width,species
${Array.from({ length: 40 }, (_, i) => `${(5 + (i % 7) / 10).toFixed(1)},${(3 + (i % 5) / 10).toFixed(1)},${i % 2 === 0 ? "setosa" : "versicolor"}`).join("\n")}
`;

const weights = Buffer.from("weights of a test");

/** Does what a trainer does to a queued job, without computing: takes it up, reports, and commits a model. */
export const finishJob = async (
  { deps }: TestService,
  job: Job,
  tenant = "default",
  of: Partial<Model> = {},
): Promise<Model> => {
  const at = () => deps.now().toISOString();
  const claimed = await deps.jobs.claim(tenant, job.id, "test", at());
  if (claimed === null) throw new Error("the job could not be claimed");
  const { fence } = claimed;
  const point = (step: number): MetricPoint => ({
    ...{ epoch: step, step, seconds: step / 10, learningRate: 0.01, gradientNorm: 1, trainLoss: 1 / step },
    ...{ metrics: { validationLoss: 1 / step }, layers: [{ layer: "output", gradientRms: 0.1, weightRms: 1 }] },
  });
  await deps.jobs.appendMetrics(fence, [point(1), point(2), point(3)]);
  const digestHex = createHash("sha256").update(weights).digest("hex");
  const report = reportClassification({
    ...{ split: "test", classes: ["setosa", "versicolor"], trainCounts: [16, 16], distribution: "categorical" },
    ...{ probabilities: Float64Array.of(0.9, 0.1, 0.2, 0.8), truths: Int32Array.of(0, 1) },
  });
  const id = `mdl_${job.id.slice(4)}`;
  const text = Buffer.from(JSON.stringify(report));
  const files = {
    weights: await deps.artifacts.write(artifactKeys.weights(tenant, id, digestHex), weights),
    report: await deps.artifacts.write(artifactKeys.report(tenant, id, digestHex), text),
  };
  const model: Model = {
    ...{ id, files, name: job.spec.name, job: job.id, dataset: job.spec.dataset, base: null },
    ...{
      task: job.spec.task,
      spec: job.spec,
      parameters: 6,
      metrics: { testAccuracy: 1 },
      digest: `sha256:${digestHex}`,
    },
    preprocessing: {
      features: ["sepal_length", "sepal_width"].map((column) => ({
        ...{ type: "number" as const, column, mean: 5, scale: 1, missingIndicator: false },
      })),
      label: { type: "classes", column: "species", classes: ["setosa", "versicolor"] },
      ...{ inputs: 2, outputs: 2 },
    },
    createdAt: at(),
    ...of,
  };
  if (!(await deps.jobs.succeed(fence, model, { testAccuracy: 1 }, at()))) throw new Error("the commit was refused");
  const recorded = await deps.catalogue.model(tenant, model.id);
  await deps.artifacts.write(artifactKeys.modelManifest(tenant, model.id), Buffer.from(JSON.stringify(recorded)));
  return recorded as Model;
};
