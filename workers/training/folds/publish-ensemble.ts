import { fitPreprocessing } from "../../../src/data/preprocessing/fit-preprocessing.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { NetworkDescription } from "../../../src/domain/models/network.ts";
import { stackTensors } from "../../../src/formats/safetensors/stacked-tensors.ts";
import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import type { RunEnd, RunOrder } from "../../engine/protocol.ts";
import { statedThreshold } from "../explaining/threshold.ts";
import { answersOfPool } from "../leading/held-out-csv.ts";
import { publishWeights } from "../leading/publish-weights.ts";
import { readData } from "../read-data.ts";
import type { FoldsPosition } from "./fold-checkpoint.ts";
import { foldMetrics, reportFolds } from "./pooled-report.ts";
import { unitScores } from "./unit-scores.ts";

/** The ensemble of the folds' models as the job's model. Its record's preprocessing is that of all rows: what columns it takes, and what of new rows is unusual. */
export const publishEnsemble = async (
  spec: ResolvedJobSpec,
  order: RunOrder,
  { artifacts, network }: { artifacts: ArtifactStore; network: NetworkDescription | null },
  { pool, models }: FoldsPosition,
): Promise<RunEnd> => {
  const everyRow = { ...spec, training: { ...spec.training, everyRow: { lastEpoch: 1, temperature: 1 } } };
  const preprocessing = await readData(artifacts, order, (openStream) =>
    fitPreprocessing(everyRow, order.dataset, openStream, order.base),
  );
  return publishWeights(
    artifacts,
    order,
    preprocessing,
    {
      type: "completed",
      tensors: stackTensors(models.map(({ tensors }) => tensors)),
      parameters: models.reduce((sum, { parameters }) => sum + parameters, 0),
      metrics: foldMetrics(pool),
      report: reportFolds({ spec, pool, label: preprocessing.label }, null),
      scores: order.trial === null ? null : unitScores(pool),
      // No rows are left by which one could be chosen.
      threshold: statedThreshold(spec),
      ...{ background: null, heldOut: answersOfPool(pool) },
    },
    network,
    { folds: models.map(({ repeat, fold, preprocessing: own }) => ({ repeat, fold, preprocessing: own })) },
  );
};
