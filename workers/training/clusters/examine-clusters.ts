import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Preprocessing } from "../../../src/domain/models/model.ts";
import { ClusteringError, controls } from "../../../src/engine/cluster/clustering.ts";
import type { ClusteringPlan } from "../../../src/engine/cluster/clustering-plan.ts";
import { fitClustering } from "../../../src/engine/cluster/fit-clustering.ts";
import { type ClusterModel, createClusterPredictor } from "../../../src/engine/cluster/predict-clusters.ts";
import type { ClusteringKernels } from "../../../src/engine/kernels/clustering/clustering-kernels.ts";
import { permutation, seedWords } from "../../../src/engine/kernels/philox.ts";
import { gatherRows, type Table, tableOf } from "../../../src/engine/tensor/table.ts";
import { adjustedRand, jaccards } from "../../../src/stats/clusters/agreement.ts";
import { silhouettesOf, tellingColumns } from "../../../src/stats/clusters/separation-of-clusters.ts";
import { mean } from "../../../src/stats/estimate.ts";
import { columnInputs } from "../../../src/stats/explaining/correlated-columns.ts";
import { type Examined, examinedRows, planResample, resamplesOf } from "./examining-plan.ts";

/** "clus": Philox's purpose, far from the small numbers of the engine's. */
const purpose = 0x636c7573;
/** Columns that are named. */
const mostColumns = 100;

interface Fitted {
  readonly spec: ResolvedJobSpec;
  readonly preprocessing: Preprocessing;
  readonly model: ClusterModel;
  /** Training rows as the model takes them. */
  readonly train: Table<Float32Array>;
  readonly kernels: ClusteringKernels;
  /** A fitted model from its tensors, as the job's own was made. */
  readonly toModel: (tensors: ClusterModel["tensors"]) => ClusterModel;
  /** Told between two pieces of work. */
  readonly beat: () => void;
}

const ask = (model: ClusterModel, kernels: ClusteringKernels, values: Float32Array, columns: number) =>
  createClusterPredictor(model, kernels)(tableOf(values, columns));

/** The same model fitted to some rows alone; null where no run ended well. */
const fitAgain = async ({ toModel, kernels, beat }: Fitted, plan: ClusteringPlan, values: Float32Array) => {
  const memory = { buffer: new ArrayBuffer(plan.memoryBytes) };
  new Float32Array(memory.buffer, plan.data.train.features.offset, values.length).set(values);
  const nowMs = (): number => {
    beat();
    return 0;
  };
  try {
    const control = new Int32Array([controls.run]);
    const { tensors } = await fitClustering(plan, memory, {
      ...{ control, nowMs, kernels },
      checkpointEveryMs: Number.POSITIVE_INFINITY,
    });
    return toModel(tensors);
  } catch (error) {
    // A half of the rows may leave a mixture no usable estimate: that resample says nothing.
    if (!(error instanceof ClusteringError)) throw error;
    return null;
  }
};

/**
 * How far the clusters of training rows are more than an accident of these rows: each resample fits the same model to half of them, drawn without replacement, and what it makes of them is compared with what the
 * job's model does (Hennig 2007). And how well they lie apart, as a whole and by column.
 */
export const examineClusters = async (fitted: Fitted): Promise<Examined> => {
  const { spec, preprocessing, model, train, kernels } = fitted;
  const { inputs } = preprocessing;
  const total = train.rows;
  const shape = { trainRows: total, inputs };
  const count = examinedRows(shape);
  const values = gatherRows(
    train,
    Int32Array.from({ length: count }, (_, i) => Math.floor((i * total) / count)),
  );
  const { k, assignments } = ask(model, kernels, values, inputs);
  const resamples = resamplesOf(spec, shape, k);
  const [rands, found] = [[] as number[], Array.from({ length: k }, () => [] as number[])];
  for (let index = 0; index < resamples; index++) {
    const order = permutation(count, { ...seedWords(spec.training.seed), purpose, index });
    const plan = planResample(spec, shape, k);
    const half = order.slice(0, plan.data.train.rows).sort();
    const picked = gatherRows(tableOf(values, inputs), half);
    const again = await fitAgain(fitted, plan, picked);
    if (again === null) continue;
    const [own, other] = [half.map((row) => assignments[row]!), ask(again, kernels, picked, inputs).assignments];
    rands.push(adjustedRand(own, other, [k, k]));
    for (const [cluster, value] of jaccards(own, other, [k, k]).entries())
      if (value !== null) found[cluster]!.push(value);
  }
  const clustered = { values, inputs, assignments, k };
  return {
    stability: rands.length === 0 ? null : { rows: count, resamples: rands.length, adjustedRand: mean(rands) },
    jaccards: found.map((each) => (each.length === 0 ? null : mean(each))),
    silhouettes: silhouettesOf(clustered),
    columns: tellingColumns(clustered, columnInputs(preprocessing)).slice(0, mostColumns),
  };
};
