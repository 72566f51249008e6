import type { DataShape } from "../../../src/data/preprocessing/data-shape.ts";
import type { SplitArrays } from "../../../src/data/preprocessing/prepare.ts";
import { fillMissing, standardise } from "../../../src/data/preprocessing/raw-numbers.ts";
import type { Split } from "../../../src/data/splits/split.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import { columnShifts, shiftColumns } from "../../../src/engine/exact/design.ts";
import { type ExactFit, type ExactState, FitInterrupted } from "../../../src/engine/exact/exact-fit.ts";
import { type ExactPlan, planExact } from "../../../src/engine/exact/exact-plan.ts";
import type { ExactOptions } from "../../../src/engine/exact/fit-exact.ts";
import { pinballLevels } from "../../../src/engine/nn/pinball.ts";
import { splits } from "../../../src/engine/train/planning/training.ts";
import type { Tensor } from "../../../src/formats/safetensors/safetensors.ts";
import { mostCovariances, solvedColumns } from "../../../src/stats/coefficients/solved-columns.ts";
import { beat, currentSignal } from "../../engine/control.ts";
import { fromContent, toContent } from "../fit-state.ts";
import { addWeights, requireCountedRows, sumOfWeights } from "../leading/row-weights.ts";
import { makeFloat64Tables, type SpilledTables } from "../spilling/spilled-tables.ts";
import {
  firstCheckpointShare,
  type TrainingRun,
  type TrainingRunContext,
  type TrainingRunEnd,
} from "../training-run.ts";
import { completeExact, type ExactArrays } from "./complete-exact.ts";
import { rowsOf } from "./exact-rows.ts";
import { solveExact, usualIterations } from "./solve-exact.ts";

/** How often the thread's event loop gets a turn. */
const breathMs = 100;
const isFloat64 = (data: Tensor["data"]): data is Float64Array => data instanceof Float64Array;

type Spilled = SpilledTables<Float64Array> | null;

const arraysOf = ({ data, inputs }: ExactPlan, memory: WebAssembly.Memory, spilled: Spilled): ExactArrays => {
  const of = (split: Split): SplitArrays => {
    const { rows, featuresOffset, labelsOffset } = data[split];
    const labels = new Float64Array(memory.buffer, labelsOffset, rows);
    if (spilled !== null) return { features: new Float64Array(0), labels, sink: spilled.sinks[split] };
    return { features: new Float64Array(memory.buffer, featuresOffset, rows * inputs), labels };
  };
  const { rows, placesOffset, clustersOffset } = data.train;
  const numbers = (offset: number): Int32Array => new Int32Array(memory.buffer, offset, rows);
  const train = { ...of("train"), places: numbers(placesOffset), clusters: numbers(clustersOffset) };
  return { train, validation: of("validation"), test: of("test") };
};

/** Progress, points and checkpoints of a fit under way. @param counted rows, by their weights */
const createWatch = (counted: number, context: TrainingRunContext, resume: ExactState | null) => {
  const startedMs = performance.now() - (resume?.meta.computedMs ?? 0);
  let latest: ExactState = resume ?? {
    meta: { version: 1, step: 0, computedMs: 0, progress: { iteration: 0, objective: null, decrements: [] } },
    tensors: {},
  };
  let breathedMs = performance.now();
  let saveDueMs = breathedMs + context.checkpointMs * firstCheckpointShare;
  const pulse = (): void => {
    beat(context.control);
    if (currentSignal(context.control) !== "go") throw new FitInterrupted();
  };
  const save = (): Promise<void> => context.writeCheckpoint(toContent(latest));
  const onIteration: ExactOptions["onIteration"] = async (meta, tensors, step) => {
    const now = performance.now();
    latest = { meta: { ...meta, computedMs: now - startedMs }, tensors };
    const { iteration, objective, decrements } = meta.progress;
    context.onPoint({
      ...{ epoch: iteration, step: iteration, seconds: latest.meta.computedMs / 1000, learningRate: step },
      gradientNorm: Math.sqrt(Math.max(0, decrements.at(-1) ?? 0)),
      trainLoss: (objective ?? 0) / counted,
      metrics: {},
      layers: [],
    });
    context.onProgress(iteration / (iteration + usualIterations / 2));
    if (now - breathedMs >= breathMs) {
      await new Promise((resolve) => setImmediate(resolve));
      breathedMs = performance.now();
    }
    pulse();
    if (now < saveDueMs) return;
    await save();
    saveDueMs = performance.now() + context.checkpointMs;
  };
  return { pulse, onIteration, save };
};

/** Changes all inputs: where they lie, or whenever they are read. */
const createChanges = (arrays: ExactArrays, spilled: Spilled) => {
  const changes: ((rows: Float64Array) => void)[] = [];
  return (change: (rows: Float64Array) => void): void => {
    changes.push(change);
    for (const split of splits)
      if (spilled === null) change(arrays[split].features as Float64Array);
      else
        arrays[split].table = spilled.table(split, (rows) => {
          for (const each of changes) each(rows);
        });
  };
};

/** Linear models with a likelihood of their own: solved in float64 by the lead alone, to the bit whatever the machine. */
export const createExactRun = (
  spec: ResolvedJobSpec,
  shape: DataShape,
  take: (memoryBytes: number) => WebAssembly.Memory,
  scratchFolder: string,
): TrainingRun => {
  const plan = planExact(spec, shape);
  const memory = take(plan.memoryBytes);
  const spilled = plan.spill && makeFloat64Tables(scratchFolder, plan.spill);
  const arrays = arraysOf(plan, memory, spilled);
  addWeights(arrays, spec.task);
  const penalised = spec.training.l2 > 0;
  const job = { plan, spec, shape, memory, arrays, penalised };

  return {
    team: null,
    arrays,
    ownUnits: true,
    secondsOf: (state) => (state as ExactState["meta"]).computedMs / 1000,
    dismiss: () => spilled?.close(),
    async fit(context): Promise<TrainingRunEnd> {
      const { preprocessing } = context;
      context.onPhase("fit");
      requireCountedRows(arrays, spec);
      spilled?.finish();
      const changeRows = createChanges(arrays, spilled);
      changeRows((rows) => {
        fillMissing(preprocessing, rows);
        if (penalised) standardise(preprocessing, rows);
      });
      const origin = "intercept" in spec.model && spec.model.intercept === false;
      const solved = solvedColumns(preprocessing, rowsOf(arrays.train, plan.inputs), {
        penalised,
        intercept: !origin,
      });
      const shifts = penalised || origin ? null : columnShifts(rowsOf(arrays.train, plan.inputs));
      if (shifts !== null) changeRows((rows) => shiftColumns(rows, shifts));
      const resume =
        context.resume === null ? null : fromContent<ExactState["meta"], Float64Array>(context.resume, isFloat64);
      const { weights } = arrays.train;
      const counted = weights === undefined ? plan.data.train.rows : sumOfWeights(weights);
      const watch = createWatch(counted, context, resume);
      try {
        const options = {
          resume: resume?.tensors.coefficients ? resume : null,
          pulse: watch.pulse,
          onIteration: watch.onIteration,
        };
        const wanted = { columns: solved.columns, mostCovariances: penalised ? 0 : mostCovariances };
        const fit = await solveExact(plan, spec, arrays, wanted, memory, options);
        const solveLevel = (quantile: number): Promise<ExactFit> => {
          const alone = { resume: null, pulse: watch.pulse, onIteration: async () => watch.pulse() };
          return solveExact(plan, spec, arrays, { ...wanted, mostCovariances: 0, quantile }, memory, alone);
        };
        // The quantiles of an interval about the one that is inferred about.
        const further: ExactFit[] = [];
        for (const level of pinballLevels(spec.loss).slice(1)) further.push(await solveLevel(level));
        return await completeExact(job, context, solved, { fit, further, shifts }, watch.pulse);
      } catch (error) {
        if (!(error instanceof FitInterrupted)) throw error;
        // What one pass computes needs no checkpoint; the others go on from their last iteration.
        if (currentSignal(context.control) === "checkpoint") await watch.save();
        return { type: "stopped" };
      }
    },
  };
};
