import { Readable } from "node:stream";
import { modelIdOfJob } from "../../../src/domain/ids.ts";
import type { FoldModel, FoldModels } from "../../../src/domain/models/cross-validation.ts";
import type { LabelTransform, Model, Preprocessing } from "../../../src/domain/models/model.ts";
import type { NetworkDescription } from "../../../src/domain/models/network.ts";
import type { IsotonicCalibration } from "../../../src/domain/models/parts/isotonic.ts";
import { withOutputs } from "../../../src/engine/nn/network-head.ts";
import { digestOfTensors, safetensorsChunks, type Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { withDataNotes } from "../../../src/stats/data-notes.ts";
import { type ArtifactStore, artifactKeys, type WrittenArtifact } from "../../../src/store/artifacts/artifact-store.ts";
import type { RunEnd, RunOrder } from "../../engine/protocol.ts";
import { statedThreshold } from "../explaining/threshold.ts";
import { finiteMetrics } from "../finite-point.ts";
import { type KeptModel, toKeptTensors } from "../folds/kept-models.ts";
import { patiently } from "../store-retry.ts";
import type { TrainingRunEnd } from "../training-run.ts";
import { finiteReport } from "./finite-report.ts";
import { heldOutCsv } from "./held-out-csv.ts";

const digestHex = (digest: string): string => digest.replace(/^sha256:/, "");

const besides = ["scores", "background", "measured"] as const;
type Beside = (typeof besides)[number];

/**
 * What lies beside the weights: of a trial what the model made of each validation row, by which trials are compared row by row; training rows that predictions
 * are explained against; and the models that were measured, where they are others.
 */
const writeBeside = async (
  artifacts: ArtifactStore,
  keyOf: (kind: Beside) => string,
  beside: Record<Beside, Tensor[] | null>,
): Promise<Partial<Record<Beside, WrittenArtifact>>> => {
  const written: Partial<Record<Beside, WrittenArtifact>> = {};
  for (const kind of besides) {
    const tensors = beside[kind];
    if (tensors === null) continue;
    const chunks = safetensorsChunks(tensors, { producer: "descent" });
    written[kind] = await patiently(() => artifacts.write(keyOf(kind), Readable.from(chunks)));
  }
  return written;
};

/** A threshold that was chosen is the model's own: the models of folds decide by one that was stated, or by the likeliest class. */
const labelOfAnswers = (
  { task }: Pick<RunOrder["spec"], "task">,
  preprocessing: Preprocessing,
  { heldOut, threshold }: Extract<TrainingRunEnd, { type: "completed" }>,
): LabelTransform => {
  const stated = statedThreshold({ task }) !== null;
  return withThreshold(preprocessing, heldOut?.fits === undefined || stated ? threshold : null).label;
};

/** Trials are compared by their scores, and are too many to keep their answers as well. */
const writeHeldOut = async (
  artifacts: ArtifactStore,
  key: string,
  { heldOut }: Extract<TrainingRunEnd, { type: "completed" }>,
  { trial }: RunOrder,
  label: LabelTransform,
): Promise<{ heldOut?: WrittenArtifact }> => {
  if (heldOut === null || trial !== null) return {};
  return { heldOut: await patiently(() => artifacts.write(key, Readable.from(heldOutCsv(heldOut, label)))) };
};

const writeFolds = async (
  artifacts: ArtifactStore,
  key: string,
  models: readonly FoldModel[] | undefined,
): Promise<{ folds?: WrittenArtifact }> => {
  if (models === undefined) return {};
  const described: FoldModels = { models };
  return { folds: await patiently(() => artifacts.write(key, Buffer.from(JSON.stringify(described)))) };
};

/** A model that starts from another decides by its own threshold and has its own calibration. */
export const withThreshold = (
  { label, ...rest }: Preprocessing,
  threshold: number | null,
  calibration?: IsotonicCalibration,
): Preprocessing => {
  if (label.type !== "classes") return { ...rest, label };
  const { threshold: _, calibration: __, ...classes } = label;
  const decided = threshold === null ? classes : { ...classes, threshold };
  return { ...rest, label: calibration === undefined ? decided : { ...decided, calibration } };
};

/** Weights to the store, under a name that bears their digest: an attempt that lost its job can only have written the same file. */
export const publishWeights = async (
  artifacts: ArtifactStore,
  order: RunOrder,
  preprocessing: Preprocessing,
  end: Extract<TrainingRunEnd, { type: "completed" }>,
  network: NetworkDescription | null,
  /** Of a model that was fitted after another one was measured, or of the ensemble of the folds' models. */
  of: { refit?: NonNullable<Model["refit"]>; folds?: readonly FoldModel[]; measured?: readonly KeptModel[] } = {},
): Promise<RunEnd> => {
  const { tenant, dataset, base, seenByBase } = order;
  // Whom the job tells is no part of how the model was made, and its URL may hold a secret of the receiver's.
  const { webhook: _, ...spec } = order.spec;
  const id = modelIdOfJob(order.job);
  const digest = digestOfTensors(end.tensors);
  const metrics = finiteMetrics(end.metrics);
  const key = artifactKeys.weights(tenant, id, digestHex(digest));
  const chunks = safetensorsChunks(end.tensors, { producer: "descent" });
  const weights = await patiently(() => artifacts.write(key, Readable.from(chunks)));
  const noted = finiteReport(withDataNotes(end.report, spec, dataset, seenByBase ? base : null));
  const text = Buffer.from(`${JSON.stringify(noted, null, 2)}\n`);
  const report = await patiently(() => artifacts.write(artifactKeys.report(tenant, id, digestHex(digest)), text));
  const description =
    network === null
      ? null
      : await patiently(() =>
          artifacts.write(
            artifactKeys.network(tenant, id, digestHex(digest)),
            Buffer.from(JSON.stringify(withOutputs(network, preprocessing.outputs))),
          ),
        );
  const beside = await writeBeside(artifacts, (kind) => artifactKeys[kind](tenant, id, digestHex(digest)), {
    ...end,
    measured: of.measured === undefined || of.measured.length === 0 ? null : toKeptTensors(of.measured),
  });
  const folds = await writeFolds(artifacts, artifactKeys.folds(tenant, id, digestHex(digest)), of.folds);
  const csv = artifactKeys.heldOut(tenant, id, digestHex(digest));
  const decided = withThreshold(preprocessing, end.threshold, end.calibration);
  const heldOut = await writeHeldOut(artifacts, csv, end, order, labelOfAnswers(spec, preprocessing, end));
  const model: Omit<Model, "createdAt"> = {
    id,
    name: spec.name,
    job: order.job,
    dataset: dataset.id,
    ...(dataset.version === undefined ? {} : { datasetVersion: dataset.version }),
    base: base?.id ?? null,
    task: spec.task,
    spec,
    parameters: end.parameters,
    metrics,
    digest,
    ...(of.refit === undefined ? {} : { refit: of.refit }),
    files: {
      ...{ weights, report, ...(description === null ? {} : { network: description }), ...beside, ...heldOut },
      ...folds,
    },
    preprocessing: decided,
  };
  return { type: "trained", model, metrics };
};
