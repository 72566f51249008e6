import type { DataShape } from "../src/data/data-shape.ts";
import type { ResolvedJobSpec } from "../src/domain/job-spec.ts";
import type { Preprocessing } from "../src/domain/model.ts";
import type { ClusteringMeta } from "../src/engine/cluster/clustering-state.ts";
import { fitClustering } from "../src/engine/cluster/fit-clustering.ts";
import { planClustering } from "../src/engine/cluster/plan-clustering.ts";
import { log64 } from "../src/engine/kernels/math64.ts";
import type { Tensor } from "../src/store/safetensors.ts";
import { beat } from "./control.ts";
import type { Course, CourseEnd } from "./course.ts";
import { fromContent, toContent } from "./fit-state.ts";
import { createSharedMemory } from "./shared-memory.ts";

const isFloat64 = (data: Tensor["data"]): data is Float64Array => data instanceof Float64Array;

/** Σ ln scale of the standardised number features: what turns a density of the inputs into one of the original units. */
export const logScaleOf = ({ features }: Preprocessing): number =>
  features.reduce((sum, feature) => (feature.type === "number" ? sum + log64(feature.scale) : sum), 0);

/** k-means and Gaussian mixtures: computed by the lead alone. */
export const createClusteringCourse = (
  spec: ResolvedJobSpec,
  shape: DataShape,
  allow: (memoryBytes: number) => void,
): Course => {
  const plan = planClustering(spec, shape);
  allow(plan.memoryBytes);
  const memory = createSharedMemory(plan.memoryBytes);
  const arraysOf = (split: "train" | "validation" | "test") => {
    const { rows, features } = plan.data[split];
    return { features: new Float32Array(memory.buffer, features.offset, rows * shape.inputs), labels: null };
  };
  return {
    team: null,
    arrays: { train: arraysOf("train"), validation: arraysOf("validation"), test: arraysOf("test") },
    secondsOf: (state) => (state as ClusteringMeta).computedMs / 1000,
    dismiss: () => {},
    async fit(context): Promise<CourseEnd> {
      const result = await fitClustering(plan, memory, {
        control: context.control.words,
        nowMs: () => {
          beat(context.control);
          return performance.now();
        },
        checkpointEveryMs: context.checkpointMs,
        logScale: logScaleOf(context.preprocessing),
        onPoint: context.onPoint,
        onProgress: context.onProgress,
        onEvent: context.onEvent,
        onCheckpoint: (state) => context.writeCheckpoint(toContent(state)),
        ...(context.resume === null
          ? {}
          : { resume: fromContent<ClusteringMeta, Float64Array>(context.resume, isFloat64) }),
      });
      const { outcome, metrics, state } = result;
      if (outcome === "paused" || outcome === "handed_back") await context.writeCheckpoint(toContent(state));
      if (outcome !== "finished") return { type: "stopped" };
      const tensors = result.tensors.map(
        ({ name, shape: size, values }): Tensor => ({ name, dtype: "F64", shape: size, data: values }),
      );
      const parameters = tensors.reduce((sum, { data }) => sum + data.length, 0);
      return { type: "completed", tensors, metrics, parameters };
    },
  };
};
