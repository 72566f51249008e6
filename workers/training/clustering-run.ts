import type { DataShape } from "../../src/data/preprocessing/data-shape.ts";
import type { Split } from "../../src/data/splits/split.ts";
import { assert } from "../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { isScaled, type Preprocessing } from "../../src/domain/models/model.ts";
import type { ClusteringMeta } from "../../src/engine/cluster/clustering-state.ts";
import { fitClustering } from "../../src/engine/cluster/fit-clustering.ts";
import type { ClusterTensor } from "../../src/engine/cluster/parameter-block.ts";
import { isClusteringModel, planClustering } from "../../src/engine/cluster/plan-clustering.ts";
import type { ClusterModel } from "../../src/engine/cluster/predict-clusters.ts";
import { loadClusteringKernels } from "../../src/engine/kernels/clustering/load-clustering-kernels.ts";
import type { KernelSource } from "../../src/engine/kernels/engine-kernels.ts";
import { log64 } from "../../src/engine/kernels/math64.ts";
import { tableOf } from "../../src/engine/tensor/table.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { beat } from "../engine/control.ts";
import { reportClustering } from "./clustering-report.ts";
import { examineClusters } from "./clusters/examine-clusters.ts";
import { fitOptions, fromContent, toContent } from "./fit-state.ts";
import { makeFloat32Tables } from "./spilling/spilled-tables.ts";
import type { TrainingRun, TrainingRunEnd } from "./training-run.ts";

const isFloat64 = (data: Tensor["data"]): data is Float64Array => data instanceof Float64Array;

/** Σ ln scale of the standardised number features: what turns a density of the inputs into one of the original units. */
export const logScaleOf = ({ features }: Preprocessing): number =>
  features.reduce((sum, feature) => (isScaled(feature) ? sum + log64(feature.scale) : sum), 0);

/** A fitted model with what its tensors do not say. */
export const toClusterModel = (
  { model }: ResolvedJobSpec,
  preprocessing: Preprocessing,
  tensors: readonly ClusterTensor[],
): ClusterModel => {
  assert(isClusteringModel(model), "a clustering model");
  if (model.type === "k_means") return { model: "k_means", tensors };
  return { model: "gaussian_mixture", tensors, covariance: model.covariance, logScale: logScaleOf(preprocessing) };
};

/** k-means and Gaussian mixtures: computed by the lead alone. */
export const createClusteringRun = async (
  spec: ResolvedJobSpec,
  shape: DataShape,
  { native }: KernelSource,
  take: (memoryBytes: number) => WebAssembly.Memory,
  scratchFolder: string,
): Promise<TrainingRun> => {
  const plan = planClustering(spec, shape);
  const kernels = await loadClusteringKernels(native);
  const memory = take(plan.memoryBytes);
  const spilled = plan.spill && makeFloat32Tables(scratchFolder, plan.spill);
  const arraysOf = (split: Split) => {
    if (spilled !== null)
      return {
        ...{ features: new Float32Array(0), labels: null },
        ...{ sink: spilled.sinks[split], table: spilled.table(split) },
      };
    const { rows, features: place } = plan.data[split];
    const features = new Float32Array(memory.buffer, place.offset, rows * shape.inputs);
    return { features, labels: null, table: tableOf(features, shape.inputs) };
  };
  const arrays = { train: arraysOf("train"), validation: arraysOf("validation"), test: arraysOf("test") };
  return {
    team: null,
    arrays,
    secondsOf: (state) => (state as ClusteringMeta).computedMs / 1000,
    dismiss: () => spilled?.close(),
    async fit(context): Promise<TrainingRunEnd> {
      context.onPhase("fit");
      spilled?.finish();
      const tables = { train: arrays.train.table, validation: arrays.validation.table, test: arrays.test.table };
      const result = await fitClustering(
        plan,
        { buffer: memory.buffer, tables },
        {
          ...fitOptions(context),
          kernels,
          logScale: logScaleOf(context.preprocessing),
          ...(context.resume === null
            ? {}
            : { resume: fromContent<ClusteringMeta, Float64Array>(context.resume, isFloat64) }),
        },
      );
      const { outcome, metrics, state } = result;
      if (outcome === "paused" || outcome === "handed_back") await context.writeCheckpoint(toContent(state));
      if (outcome !== "finished") return { type: "stopped" };
      const tensors = result.tensors.map(
        ({ name, shape: size, values }): Tensor => ({ name, dtype: "F64", shape: size, data: values }),
      );
      const parameters = tensors.reduce((sum, { data }) => sum + data.length, 0);
      const fitted = toClusterModel(spec, context.preprocessing, result.tensors);
      context.onPhase("evaluate");
      const examined = await examineClusters({
        ...{ spec, preprocessing: context.preprocessing, model: fitted },
        ...{ train: arrays.train.table, kernels },
        toModel: (own) => toClusterModel(spec, context.preprocessing, own),
        beat: () => beat(context.control),
      });
      context.onPhase("report");
      const report = reportClustering(spec, { model: fitted, kernels }, arrays, result, examined);
      return {
        type: "completed",
        scores: null,
        background: null,
        threshold: null,
        heldOut: null,
        tensors,
        metrics,
        parameters,
        report,
      };
    },
  };
};
