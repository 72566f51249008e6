import { ServiceError } from "../../domain/errors.ts";
import type { ResolvedJobSpec } from "../../domain/jobs/spec/job-spec.ts";
import { scratchDoubles } from "../kernels/clustering/clustering-kernels.ts";
import { alignUp, createLayout, type Layout, pageBytes, reservedBytes } from "../tensor/layout.ts";
import { heldOrSpilled, type TableSpill } from "../tensor/spill-format.ts";
import type {
  ClusteringLayout,
  ClusteringPlace,
  ClusteringPlan,
  ClusteringShape,
  ClusteringTask,
} from "./clustering-plan.ts";
import { covarianceForms, freeParameters } from "./mixture/expectation-maximisation.ts";
import { blockSize } from "./parameter-block.ts";
import { silhouetteRows, triangleSize } from "./silhouette.ts";

type ClusteringModel = Extract<ResolvedJobSpec["model"], { type: "k_means" | "gaussian_mixture" }>;

/** The parts of a job's spec that matter here. */
export interface ClusteringSpec {
  readonly model: ResolvedJobSpec["model"];
  readonly training: Pick<ResolvedJobSpec["training"], "epochs" | "seed">;
  /** Left out: all rows are held. */
  readonly resources?: Pick<ResolvedJobSpec["resources"], "memoryBytes">;
}

export const isClusteringModel = (model: ResolvedJobSpec["model"]): model is ClusteringModel =>
  model.type === "k_means" || model.type === "gaussian_mixture";

const refuse = (pointer: string, detail: string): never => {
  throw new ServiceError("invalid", detail, { errors: [{ pointer, detail }] });
};

const toTask = (spec: ClusteringSpec, rows: number, warnings: string[]): ClusteringTask => {
  const { model } = spec;
  if (!isClusteringModel(model)) return refuse("/model/type", `${model.type} is not a clustering model`);
  const [field, count] =
    model.type === "k_means" ? (["clusters", model.clusters] as const) : (["components", model.components] as const);
  const from = typeof count === "number" ? count : count.from;
  let to = typeof count === "number" ? count : count.to;
  const pointer = `/model/${field}`;
  if (to < from) refuse(`${pointer}/to`, `must be at least from (${from})`);
  if (from > rows) refuse(pointer, `${from} ${field} need at least as many training rows; there are ${rows}`);
  if (to > rows) {
    warnings.push(`${field} are tried up to ${rows}, the number of training rows, instead of ${to}`);
    to = rows;
  }
  return {
    model: model.type,
    from,
    to,
    restarts: model.restarts,
    iterations: spec.training.epochs,
    covariance: model.type === "k_means" ? "spherical" : model.covariance,
    regularization: model.type === "k_means" ? 0 : model.regularization,
    seed: spec.training.seed,
  };
};

const f64 = 8;
const i32 = 4;

/** Rows whose responsibilities are held together, where those of all are too many. */
const mostWeighedRows = 4096;

const placeWork = (
  layout: Layout,
  task: ClusteringTask,
  shape: ClusteringShape,
  weighs: Weighing,
): ClusteringLayout => {
  const { trainRows, inputs } = shape;
  const mixture = task.model === "gaussian_mixture";
  const form = covarianceForms[task.covariance];
  const rows = Math.max(trainRows, shape.validationRows, shape.testRows);
  const block = blockSize(task, task.to, inputs) * f64;
  const sample = Math.min(trainRows, silhouetteRows);
  const weighedRows = mixture && weighs === "by blocks" && rows > mostWeighedRows ? mostWeighedRows : null;
  return {
    assignments: layout.place(rows * i32),
    distances: layout.place(rows * f64),
    sums: layout.place(task.to * inputs * f64),
    counts: layout.place(task.to * i32),
    current: layout.place(block),
    candidate: layout.place(block),
    chosen: layout.place(block),
    sample: layout.place(sample * i32),
    triangle: layout.place(triangleSize(sample) * f64),
    scratch: layout.place(scratchDoubles(task.to, inputs) * f64),
    responsibilities: mixture ? layout.place((weighedRows ?? rows) * task.to * f64) : 0,
    weighedRows,
    componentCounts: mixture ? layout.place(task.to * f64) : 0,
    factors: mixture ? layout.place(form.factorSize(task.to, inputs) * f64) : 0,
  };
};

/** Operations of one iteration: k-means 3nkd for the distances and nd for the sums; a mixture as its form says, and about 60 for each exp and log. */
const iterationFlops = (task: ClusteringTask, rows: number, d: number): number =>
  task.model === "k_means"
    ? rows * d * (3 * task.to + 1)
    : rows * (covarianceForms[task.covariance].flopsPerRow(task.to, d) + task.to * (2 * d + 60));

/**
 * Plans a k-means or Gaussian-mixture job: what it will compute, and where each array lies in one memory; where the rows do not fit, without them, and where a
 * mixture's responsibilities do not, with those of some rows at a time.
 * ServiceError `invalid` with pointers into the spec where the spec does not fit the data.
 */
export const planClustering = (spec: ClusteringSpec, shape: ClusteringShape): ClusteringPlan => {
  const memoryBytes = spec.resources?.memoryBytes ?? Number.POSITIVE_INFINITY;
  const plan = (weighs: Weighing): ClusteringPlan =>
    heldOrSpilled((spill) => planPlaced(spec, shape, spill, weighs), shape, { memoryBytes, float64: false });
  const kept = plan("once");
  return kept.memoryBytes <= memoryBytes || kept.task.model === "k_means" ? kept : plan("by blocks");
};

/** How a mixture's responsibilities are computed: once for all rows, or a block of them at a time, again and again. */
type Weighing = "once" | "by blocks";

const planPlaced = (
  spec: ClusteringSpec,
  shape: ClusteringShape,
  spill: TableSpill | null,
  weighs: Weighing,
): ClusteringPlan => {
  if (shape.trainRows < 1) refuse("/training/split", "leaves no row to train on");
  const warnings: string[] = [];
  const task = toTask(spec, shape.trainRows, warnings);
  const layout = createLayout(reservedBytes);
  const features = (split: string, rows: number): { rows: number; features: ClusteringPlace; labels: null } => ({
    rows,
    features: {
      name: `${split}.features`,
      shape: [rows, shape.inputs],
      dtype: "float",
      offset: layout.place(spill === null ? rows * shape.inputs * 4 : 0),
    },
    labels: null,
  });
  const data = {
    train: features("train", shape.trainRows),
    validation: features("validation", shape.validationRows),
    test: features("test", shape.testRows),
  };
  const work = placeWork(layout, task, shape, weighs);
  const form = covarianceForms[task.covariance];
  const parameters = task.model === "k_means" ? task.to * shape.inputs : freeParameters(form, task.to, shape.inputs);
  if (task.model === "gaussian_mixture" && parameters >= shape.trainRows * shape.inputs) {
    warnings.push(
      `a ${task.covariance} mixture of ${task.to} has ${parameters} free parameters for ${shape.trainRows * shape.inputs} observed numbers: its likelihood is not trustworthy; choose fewer components or covariance "diagonal"`,
    );
  }
  if (work.weighedRows !== null)
    warnings.push(
      "the responsibilities of all rows do not fit into resources.memoryBytes: those of some rows at a time are computed three times in each iteration; the result is the same to the bit",
    );
  const runs = (task.to - task.from + 1) * task.restarts;
  return {
    kind: "clustering",
    task,
    parameters,
    memoryBytes: alignUp(layout.end(), pageBytes),
    flopsPerStep: iterationFlops(task, shape.trainRows, shape.inputs),
    stepsPerEpoch: 1,
    steps: runs * task.iterations,
    epochs: runs * task.iterations,
    threads: 1,
    warnings,
    data,
    layout: work,
    spill,
  };
};
