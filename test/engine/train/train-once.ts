import { type DataShape, dataShape } from "../../../src/data/preprocessing/data-shape.ts";
import { prepare } from "../../../src/data/preprocessing/prepare.ts";
import type { JobEvent, MetricPoint } from "../../../src/domain/jobs/job.ts";
import { resolveSpec } from "../../../src/domain/jobs/spec/defaults.ts";
import type { JobSpecInput } from "../../../src/domain/jobs/spec/job-spec.ts";
import { isClusteringModel, planClustering } from "../../../src/engine/cluster/plan-clustering.ts";
import { planTraining } from "../../../src/engine/train/planning/plan-training.ts";
import { createControl } from "../../../workers/engine/control.ts";
import { createClusteringRun } from "../../../workers/training/clustering-run.ts";
import { createNetworkRun } from "../../../workers/training/network-run.ts";
import type { TrainingRunEnd } from "../../../workers/training/training-run.ts";
import { datasetOf, jobSpec, openFile } from "../../data/csv-fixtures.ts";
import { compiled } from "./job.ts";

/**
 * A job on one of the files of test/data as the trainer runs it, from the file to the weights, without queue and store.
 * `memories` are all that WebAssembly was asked for meanwhile.
 */
export const trainOnce = async (file: string, input: Omit<JobSpecInput, "dataset">) => {
  const open = () => openFile(file);
  const dataset = await datasetOf(open, file);
  const spec = resolveSpec(jobSpec(input), dataset, null, 1);
  const shape: DataShape = dataShape(spec, dataset);
  const events: Pick<JobEvent, "level" | "type" | "data">[] = [];
  const points: MetricPoint[] = [];
  const memories: WebAssembly.Memory[] = [];
  const Plain = WebAssembly.Memory;
  WebAssembly.Memory = class extends Plain {
    constructor(descriptor: ConstructorParameters<typeof Plain>[0]) {
      super(descriptor);
      memories.push(this);
    }
  };
  const take = (memoryBytes: number): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: memoryBytes / 65_536, maximum: memoryBytes / 65_536, shared: true });
  try {
    const trainingRun = isClusteringModel(spec.model)
      ? await createClusteringRun(spec, shape, await compiled, take, "")
      : await createNetworkRun(spec, shape, await compiled, take, {
          scratchFolder: "",
          cores: () => 1,
          goOn: () => true,
        });
    const preprocessing = await prepare(spec, dataset, open, trainingRun.arrays, null);
    const end: TrainingRunEnd = await trainingRun.fit({
      control: createControl(),
      checkpointMs: Number.POSITIVE_INFINITY,
      trial: null,
      preprocessing,
      initial: null,
      resume: null,
      onProgress: () => {},
      onPhase: () => {},
      onPoint: (point) => void points.push(point),
      onEvent: (event) => void events.push(event),
      writeCheckpoint: async () => {},
    });
    trainingRun.dismiss();
    const plan = isClusteringModel(spec.model) ? planClustering(spec, shape) : planTraining(spec, shape);
    return { spec, plan, end, events, points, memories };
  } finally {
    WebAssembly.Memory = Plain;
  }
};
