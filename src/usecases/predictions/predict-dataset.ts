import { unfitColumns } from "../../data/stored/stored-rows.ts";
import type { Dataset } from "../../domain/datasets/dataset.ts";
import { firstOfFaults, ServiceError } from "../../domain/errors.ts";
import type { Job, Plan } from "../../domain/jobs/job.ts";
import { PredictDatasetRequest } from "../../domain/jobs/prediction-job.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { isImported, type Model } from "../../domain/models/model.ts";
import { artifactKeys } from "../../store/artifacts/artifact-store.ts";
import { readNetwork } from "../../store/artifacts/read-network.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import { referred } from "../admission/referred.ts";
import { openRoom } from "../admission/room.ts";
import type { Deps } from "../deps.ts";
import { digestOf, parseIdempotencyKey } from "../jobs/idempotency.ts";
import { requireWebhookAllowed } from "../jobs/planning/check-webhook.ts";
import { planForTrainers, requirePool } from "../jobs/planning/plan-for-trainers.ts";
import { recordSubmitted } from "../jobs/queue-entry.ts";
import { getModel } from "../models/get-model.ts";

const requireColumns = (model: Model, dataset: Dataset): void => {
  const errors = unfitColumns(model.preprocessing, dataset);
  if (errors.length > 0) throw new ServiceError("invalid", firstOfFaults(errors), { errors: errors.slice(0, 20) });
};

/** A multiplication and an addition for each weight and row is all that is known of the work. */
const flopsPerSecond = 1e9;

/** One step answers one row. */
const planOf = (model: Model, dataset: Dataset, memoryBytes: number): Plan => {
  const flopsPerStep = 2 * model.parameters;
  const estimatedSeconds = dataset.rows * (flopsPerStep / flopsPerSecond + 5e-6);
  const steps = { stepsPerEpoch: dataset.rows, steps: dataset.rows, threads: 1 };
  return {
    parameters: model.parameters,
    memoryBytes,
    flopsPerStep,
    ...steps,
    estimatedSeconds,
    warnings: [],
    backend: "wasm",
  };
};

/**
 * Records a job that predicts every row of a stored data set, and queues it. It is a job like those that train: watched, paused, cancelled, resumed
 * after a crash and counted as one. `unprocessable` for an imported network, which has no columns; `invalid` if the data set lacks one that the model needs.
 */
export const predictDataset = async (
  deps: Deps,
  caller: Caller,
  request: { model: string; body: unknown; idempotencyKey?: string | undefined },
): Promise<{ job: Job; created: boolean }> => {
  const key = parseIdempotencyKey(request.idempotencyKey);
  const asked = parse(PredictDatasetRequest, request.body);
  const model = await getModel(deps, caller, { id: request.model });
  if (isImported(model)) {
    const detail = `${model.id} was imported, and its inputs are no columns of a data set; send tensors to its predict or infer, or train from it`;
    throw new ServiceError("unprocessable", detail);
  }
  const dataset = await referred("/dataset", deps.catalogue.dataset(caller.tenant, asked.dataset));
  requireColumns(model, dataset);
  const { webhook: _, ...own } = model.spec;
  const { name = model.name, pool = own.resources.pool, priority, maxSeconds, webhook } = asked;
  const spec: ResolvedJobSpec = {
    ...{ ...own, name, dataset: dataset.id, labels: {} },
    base: { model: model.id, freeze: [], newHead: false },
    resources: { ...own.resources, threads: 1, priority, maxSeconds, ...(pool === undefined ? {} : { pool }) },
    ...(webhook === undefined ? {} : { webhook }),
  };
  requireWebhookAllowed(deps, spec);
  const poolName = await requirePool(deps, spec.resources, "/pool");
  const largest = deps.consumption.largestTrainer(poolName);
  const trainers = { asked: Number.POSITIVE_INFINITY, pool: poolName, largest, pointer: "" };
  const network = await readNetwork(deps.artifacts, caller.tenant, model);
  const memoryBytes = await deps.engine.planPrediction(caller, model, network);
  const plan = await planForTrainers(deps, trainers, async () => planOf(model, dataset, memoryBytes));
  const id = deps.createId("job");
  // How long the answers will be nobody knows; where nothing may be stored any more they are refused now.
  const room = await openRoom(deps, caller, artifactKeys.predictions(caller.tenant, id));
  await room.close();
  return recordSubmitted(deps, caller, {
    id,
    spec,
    plan,
    prediction: { model: model.id, rows: dataset.rows, result: null },
    idempotency: key === null ? null : { key, bodyDigest: digestOf({ model: request.model, predict: request.body }) },
  });
};
