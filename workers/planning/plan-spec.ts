import { ServiceError } from "../../src/domain/errors.ts";
import type { Plan } from "../../src/domain/jobs/job.ts";
import type { ResolvedJobSpec } from "../../src/domain/jobs/spec/job-spec.ts";
import { isLinearModel } from "../../src/domain/jobs/spec/linear/solver.ts";
import type { NetworkDescription } from "../../src/domain/models/network.ts";
import type { ClusteringTask } from "../../src/engine/cluster/clustering-plan.ts";
import { isClusteringModel, planClustering } from "../../src/engine/cluster/plan-clustering.ts";
import { isExact, planExact } from "../../src/engine/exact/exact-plan.ts";
import { square } from "../../src/engine/exact/square.ts";
import { exp64, log64 } from "../../src/engine/kernels/math64.ts";
import { ModelShapeError } from "../../src/engine/nn/errors.ts";
import type { TracedSpec } from "../../src/engine/nn/models.ts";
import type { TableSpill } from "../../src/engine/tensor/spill-format.ts";
import { planTraining } from "../../src/engine/train/planning/plan-training.ts";
import { sumOverRuns } from "../../src/engine/train/planning/program-runs.ts";
import { reportSplitOf, type TrainingPlan } from "../../src/engine/train/planning/training.ts";
import type { DataShape } from "../../src/usecases/deps.ts";
import { examiningFlops } from "../training/clusters/examining-plan.ts";
import { explainedRows, explainingNetwork, explainingSolution } from "../training/explaining/explained-rows.ts";
import { doublesOfSolved, secondsBeside, usualCosts } from "./beside-training.ts";
import { type CallCosts, secondsOfProgram } from "./call-costs.ts";
import { savedMemory } from "./saved-memory.ts";

/** Where this machine's kernels were not timed: one core on layers of ordinary size, and what a step costs whatever its size. A guide, not a promise. */
const flopsPerSecond = 10e9;
const secondsPerStep = 70e-6;

type Counted = Omit<Plan, "estimatedSeconds" | "warnings" | "backend"> & {
  readonly warnings: readonly string[];
  readonly keptFeatures?: number;
  readonly ringRows?: number;
  readonly ringBytes?: number;
  readonly spillBytes?: number;
  readonly savedBytes?: number;
  readonly recomputedFlopsPerStep?: number;
  readonly explainedRows?: number;
  /** Of all steps and measurements, where they are counted. */
  readonly flops?: number;
  /** Of all that is computed, by what this machine's kernels take. */
  readonly seconds?: number;
};

const savesNothing = (spec: ResolvedJobSpec): string => {
  const keepsNothing = isClusteringModel(spec.model) ? "a clustering" : isExact(spec) ? "an exact solution" : null;
  if (keepsNothing !== null)
    return `training.gradientCheckpointing changes nothing here: ${keepsNothing} has no gradients that activations are kept for; leave it out`;
  return "training.gradientCheckpointing saves nothing here: what would not be kept takes no more than the rest of the job needs";
};

const warningsOf = (spec: ResolvedJobSpec, { savedBytes }: Counted): string[] => [
  ...(spec.resources.backend === "blas"
    ? [
        "backend blas is no longer used: the exact kernels are as fast, and what they compute is the same on every machine",
      ]
    : []),
  ...(spec.training.gradientCheckpointing === true && savedBytes === undefined ? [savesNothing(spec)] : []),
];

const toPlan = (planned: Counted, spec: ResolvedJobSpec): Plan => {
  const { parameters, memoryBytes, flopsPerStep, stepsPerEpoch, steps, threads, warnings } = planned;
  const flops = planned.flops ?? steps * flopsPerStep;
  const estimatedSeconds = planned.seconds ?? flops / (flopsPerSecond * threads) + steps * secondsPerStep;
  return {
    parameters,
    memoryBytes,
    flopsPerStep,
    stepsPerEpoch,
    steps,
    ...(planned.keptFeatures === undefined ? {} : { keptFeatures: planned.keptFeatures }),
    ...(planned.ringRows === undefined ? {} : { ringRows: planned.ringRows }),
    ...(planned.ringBytes === undefined ? {} : { ringBytes: planned.ringBytes }),
    ...(planned.spillBytes === undefined ? {} : { spillBytes: planned.spillBytes }),
    ...(planned.savedBytes === undefined ? {} : { savedBytes: planned.savedBytes }),
    ...(planned.savedBytes === undefined || planned.recomputedFlopsPerStep === undefined
      ? {}
      : { recomputedFlopsPerStep: planned.recomputedFlopsPerStep }),
    ...(planned.explainedRows ? { explainedRows: planned.explainedRows } : {}),
    threads,
    estimatedSeconds,
    warnings: [...warnings, ...warningsOf(spec, planned)],
    backend: "wasm",
  };
};

/** How many iterations a likelihood usually takes, and the iterations that the report of a solved model takes as long as: influence, errors, tests. */
const usualIterations = { qr: 1, newton: 9, lbfgs: 200, simplex: 1 } as const;
const reportIterations = { qr: 3, newton: 4, lbfgs: 6, simplex: 0 } as const;

/** Operations of a quantile's fit beside its way from vertex to vertex: which columns are independent, and two matrices of its errors. */
const besideVertices = ({ trainRows, inputs }: DataShape): number => 3 * 2 * trainRows * square(inputs + 1);

const toExactPlan = (spec: ResolvedJobSpec, shape: DataShape, doubleSeconds: number) => {
  const planned = tablesOf(planExact(spec, shape));
  const iterations = Math.min(planned.steps, usualIterations[planned.method]);
  const explained = explainedRows(explainingSolution(shape, planned));
  const passes = iterations + reportIterations[planned.method];
  const plan = toPlan({ ...planned, explainedRows: explained }, spec);
  const flops = passes * planned.flopsPerStep + (planned.method === "simplex" ? besideVertices(shape) : 0);
  return {
    plan: { ...plan, estimatedSeconds: flops * doublesOfSolved * doubleSeconds },
    spilled: planned.spill === null ? null : { orders: 0, passes },
  };
};

/**
 * Iterations of a run of a clustering until it has converged, about: the data decide. Of k-means on 19 real tables of 116 to 53,940 rows (test/bench/README.md) they grew like this power of the rows; of
 * mixtures on 18 of them the median is counted.
 */
const usualClusterIterations = (model: "k_means" | "gaussian_mixture", rows: number): number =>
  model === "k_means" ? 2 * exp64(0.28 * log64(rows)) : 50;

/** Sums of the rows of each cluster wait for each other: a number takes as long as so many operations of a distance. */
const sumOperations = 6;

/**
 * Operations of one run beside its iterations, in those of a distance, and how often it goes through the rows: for each centre of the start the distances of some candidates, and of the one that is chosen, for
 * which the rows are then hardly worth their arrangement. Lloyd's iterations start a mixture.
 */
const startOf = (model: "k_means" | "gaussian_mixture", { trainRows, inputs }: DataShape, k: number) => {
  const candidates = 2 + Math.floor(log64(k));
  const iterations = model === "k_means" ? 0 : 11;
  const numbers = trainRows * inputs;
  const operations = numbers * (k * 3 * 2 * (candidates + 1) + iterations * (3 * k + sumOperations));
  return { operations, passes: 2 * k + 2 * iterations };
};

/** What an iteration takes, in those that keep the responsibilities of all rows, where they are computed three times. */
const againIterations = 1.6;

/** How often an iteration goes through the rows. */
const passesOf = ({ model, covariance }: ClusteringTask, k: number): number => {
  if (model === "k_means") return 2;
  return covariance === "tied" ? 2 + k : 3;
};

const toClusteringPlan = (spec: ResolvedJobSpec, shape: DataShape, costs: CallCosts | null) => {
  const { distanceSeconds, mixtureSeconds, doubleSeconds } = { ...usualCosts, ...costs };
  const planned = planClustering(spec, shape);
  const { task, flopsPerStep, steps, spill, layout } = planned;
  const { model, from, to } = task;
  const runs = steps / task.iterations;
  const iterations = runs * Math.min(task.iterations, usualClusterIterations(model, shape.trainRows));
  // A step's operations are those with the most clusters.
  const share = (from + to) / (2 * to);
  const start = startOf(model, shape, to);
  const operationSeconds = model === "k_means" ? distanceSeconds : mixtureSeconds;
  const computed = layout.weighedRows === null ? iterations : againIterations * iterations;
  const sums = model === "k_means" ? (sumOperations - 1) * shape.trainRows * shape.inputs : 0;
  const examining = examiningFlops(spec, shape);
  const estimatedSeconds =
    (share * computed * flopsPerStep + iterations * sums + examining.fits) * operationSeconds +
    share * runs * start.operations * distanceSeconds +
    examining.distances * doubleSeconds;
  const passes = iterations * passesOf(task, share * to) + share * runs * start.passes;
  return {
    plan: { ...toPlan(tablesOf(planned), spec), estimatedSeconds },
    spilled: spill === null ? null : { orders: 0, passes },
  };
};

/** Of all programs' runs, of the steps beside them, and of the planning, which a job does again for itself. */
const secondsOf = ({ runs, programs, threads, steps, search }: TrainingPlan, costs: CallCosts): number => {
  const { stepSeconds, plannedSeconds } = { ...usualCosts, ...costs };
  return (
    sumOverRuns(runs, (program) => secondsOfProgram(programs[program]!.calls, threads, costs)) +
    (steps + (search?.usualSteps ?? 0)) * stepSeconds +
    programs.reduce((sum, { calls }) => sum + calls.length, 0) * plannedSeconds
  );
};

/** What one more thread must save of the time, that it is not better left to other jobs; and what each has to do in a step at least. */
const [worthThread, leastSecondsOfThread] = [0.1, 40e-6];

/** Planned with as many of the threads that are asked for as are worth it, by what this machine's kernels take. */
const planTeam = (spec: TracedSpec, shape: DataShape, costs: CallCosts | null): TrainingPlan => {
  if (costs === null) return planTraining(spec, shape);
  // What a step calls does not depend on the memory that it may have, which is planned for once: with as many threads as it then has.
  const { resources } = spec;
  const unbounded = { ...spec, resources: { ...resources, memoryBytes: Number.POSITIVE_INFINITY } };
  const alone = planTraining(unbounded, shape, { threads: 1 });
  const secondsWith = (threads: number): number => secondsOf({ ...alone, threads }, costs);
  let seconds = secondsWith(1);
  const ofStep = seconds / (alone.steps + (alone.search?.steps ?? 0));
  const most = Math.min(spec.resources.threads, Math.floor(ofStep / leastSecondsOfThread));
  let threads = 1;
  for (; threads < most; threads++) {
    const more = secondsWith(threads + 1);
    if (more > (1 - worthThread) * seconds) break;
    seconds = more;
  }
  const isPlanned = threads === 1 && alone.memoryBytes <= resources.memoryBytes;
  return isPlanned ? { ...alone, spec } : planTraining(spec, shape, { threads });
};

const grouped = (value: number): string => value.toLocaleString("en-US");

const spillNote = (bytes: number): string =>
  `the rows do not fit into resources.memoryBytes: they are encoded once, kept on the trainer's disk (${grouped(bytes)} bytes) while the job runs, and read from there; the result is the same to the bit`;

/** Of what one thread goes through in the rows' order. */
const tablesOf = <Planned extends { readonly spill: TableSpill | null; readonly warnings: readonly string[] }>(
  planned: Planned,
): Planned & Pick<Counted, "spillBytes"> => {
  const { spill, warnings } = planned;
  if (spill === null) return planned;
  return { ...planned, spillBytes: spill.bytes, warnings: [...warnings, spillNote(spill.bytes)] };
};

/** Where rows come from that do not lie in the memory. */
const rowsOf = ({ ring, warnings }: TrainingPlan): Partial<Counted> => {
  if (ring === null) return {};
  const through = { ringRows: ring.rows, ringBytes: 4 * ring.rows * ring.inputs };
  if (ring.spill === null) return through;
  const { bytes } = ring.spill;
  return { ...through, spillBytes: bytes, warnings: [...warnings, spillNote(bytes)] };
};

/** Of a network's report: explanations, and the comparison with a linear model. */
const besideNetwork = (planned: TrainingPlan, explained: number, costs: CallCosts | null) => {
  const { spec, shape, ring, programs, programIndex, threads, layout } = planned;
  const program = programIndex.evaluate[reportSplitOf(shape)]?.full;
  const seconds =
    program === undefined || costs === null ? 0 : secondsOfProgram(programs[program]!.calls, threads, costs);
  return {
    spilled: ring === null || ring.spill === null ? null : { orders: spec.training.epochs, passes: 0 },
    explained,
    secondsOfAsked: seconds / layout.evaluation.rows,
    compared: !isLinearModel(spec.model) && spec.task.type !== "reconstruction",
  };
};

/** What the job will take. ServiceError `invalid` with pointers when the spec does not fit the data's shape. */
export const planSpec = (
  spec: ResolvedJobSpec,
  shape: DataShape,
  network: NetworkDescription | null = null,
  costs: CallCosts | null = null,
): Plan => {
  try {
    const withBeside = (plan: Plan, how: Parameters<typeof secondsBeside>[1]): Plan => ({
      ...plan,
      estimatedSeconds: plan.estimatedSeconds + secondsBeside(shape, how, costs),
    });
    if (isClusteringModel(spec.model) || isExact(spec)) {
      const { doubleSeconds } = { ...usualCosts, ...costs };
      const { plan, spilled } = isExact(spec)
        ? toExactPlan(spec, shape, doubleSeconds)
        : toClusteringPlan(spec, shape, costs);
      const secondsOfAsked = 2 * shape.inputs * shape.outputs * doublesOfSolved * doubleSeconds;
      return withBeside(plan, { spilled, explained: plan.explainedRows ?? 0, secondsOfAsked, compared: false });
    }
    const planned = planTeam(network === null ? spec : { ...spec, network }, shape, costs);
    const searchSteps = planned.search?.steps ?? 0;
    // What is measured between the epochs weighs in where layers are deep; elsewhere the steps' own seconds hold it.
    const flops = network === null ? {} : { flops: planned.flops };
    const seconds = costs === null ? {} : { seconds: secondsOf(planned, costs) };
    const { flops: _, ...counted } = planned;
    const kept = planned.trunk === null ? {} : { keptFeatures: planned.trunk.width };
    const explained = explainedRows(explainingNetwork(spec, shape, planned));
    const { note, ...saved } = savedMemory(planned, costs);
    const rows = rowsOf(planned);
    const warnings = [...(rows.warnings ?? planned.warnings), ...(note === undefined ? [] : [note])];
    const fitted = toPlan(
      {
        ...counted,
        ...flops,
        ...seconds,
        ...kept,
        ...rows,
        ...saved,
        warnings,
        explainedRows: explained,
        steps: planned.steps + searchSteps,
      },
      spec,
    );
    const plan = withBeside(fitted, besideNetwork(planned, explained, costs));
    return searchSteps > 0 ? { ...plan, searchSteps } : plan;
  } catch (error) {
    if (!(error instanceof ModelShapeError)) throw error;
    throw new ServiceError("invalid", error.message, {
      errors: [{ pointer: error.pointer, detail: error.message }],
      cause: error,
    });
  }
};
