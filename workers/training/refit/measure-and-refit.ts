import { type Fit, fitsOf, refitOf } from "../../../src/data/splits/fits.ts";
import { assert } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import type { Report } from "../../../src/domain/models/report.ts";
import { digestOfTensors } from "../../../src/formats/safetensors/safetensors.ts";
import { refitNote } from "../../../src/stats/report-notes.ts";
import { currentSignal } from "../../engine/control.ts";
import type { RunEnd, RunOrder } from "../../engine/protocol.ts";
import { readResumePoint } from "../checkpoint-file.ts";
import { dataEvents } from "../data-events.ts";
import { clear, type World } from "../folds/cross-validate.ts";
import { stepsOf } from "../folds/fit-steps.ts";
import { createRun, takeMemory } from "../leading/create-run.ts";
import { noteHeldOut } from "../leading/note-held-out.ts";
import { prepareRun } from "../leading/prepare-run.ts";
import { publishWeights } from "../leading/publish-weights.ts";
import { createContext, createReports } from "../leading/reports.ts";
import { tellPhase } from "../leading/tell-phase.ts";
import { tellStart } from "../leading/tell-start.ts";
import type { TrainingRunContext, TrainingRunEnd } from "../training-run.ts";
import { fromRefitContent, type Measured, type RefitPosition, toRefitContent } from "./refit-checkpoint.ts";

type Completed = Extract<TrainingRunEnd, { type: "completed" }>;
type Refitted = Extract<TrainingRunEnd, { type: "refitted" }>;
type Context = Omit<TrainingRunContext, "preprocessing" | "initial" | "resume">;

/** The context of one of the two fits: the second's steps go on from the first's, and its progress is the rest of the job's. */
const contextOf = (
  context: ReturnType<typeof createContext>,
  { position, before, own, total }: { position: RefitPosition; before: number; own: number; total: number },
): Context => ({
  ...context,
  ...(position.measured === null ? {} : { refits: true as const }),
  onProgress: (value) => context.onProgress((before + value * own) / total),
  // The curve is that of the measured fit: nothing is held out that the second could be seen by.
  onPoint: position.measured === null ? context.onPoint : () => {},
  writeCheckpoint: (inner) => context.writeCheckpoint(toRefitContent(before + inner.step, { ...position, inner })),
});

const toMeasured = ({ tensors, metrics, threshold, report, heldOut }: Completed): Measured => ({
  ...{ digest: digestOfTensors(tensors), metrics, threshold, report, heldOut },
  lastEpoch: metrics.bestEpoch ?? metrics.epochs ?? 1,
});

/** What the record says of the two fits. */
const recordOf = (measured: Measured, [first, second]: readonly [Fit, Fit]): NonNullable<Model["refit"]> => ({
  ...{ measuredDigest: measured.digest, measuredRows: first.shape.trainRows, rows: second.shape.trainRows },
  ...{ epochs: measured.lastEpoch, l2: second.spec.training.l2 },
});

const withNote = (report: Report, refit: NonNullable<Model["refit"]>): Report => {
  const conformal = "conformal" in report && report.conformal != null;
  return "notes" in report ? { ...report, notes: [...report.notes, refitNote(refit, conformal)] } : report;
};

/** The refitted model's weights, and everything that was measured before. */
const publish = (
  order: RunOrder,
  { artifacts, network }: World,
  fits: readonly [Fit, Fit],
  measured: Measured,
  { end, preprocessing }: { end: Refitted; preprocessing: Model["preprocessing"] },
): Promise<RunEnd> => {
  const refit = recordOf(measured, fits);
  const { metrics, threshold, heldOut } = measured;
  const report = withNote(measured.report, refit);
  const { tensors, parameters, background } = end;
  const completed: Completed = {
    ...{ type: "completed", tensors, parameters, background, metrics, threshold, heldOut, report, scores: null },
  };
  return publishWeights(artifacts, order, preprocessing, completed, network, { refit });
};

/** The fit that is due: the first as the specification has it; the second of every row, with what the first has found. */
const dueFit = (spec: ResolvedJobSpec, order: RunOrder, measured: Measured | null): Fit => {
  if (measured === null) return fitsOf(spec, order.dataset, order.base)[0]!;
  const { l2 = spec.training.l2, temperature = 1 } = measured.metrics;
  return refitOf(spec, order.dataset, order.base, { lastEpoch: measured.lastEpoch, l2, temperature });
};

/**
 * Runs a job with a refit: measures a model as any job does, then fits once more on every row. Each fit has the job's memory to itself. What was measured is in
 * every later checkpoint: it is not computed again.
 */
export const measureAndRefit = async (spec: ResolvedJobSpec, order: RunOrder, world: World): Promise<RunEnd> => {
  const { artifacts, network, kernels, post } = world;
  const steps = fitsOf(spec, order.dataset, order.base).map(stepsOf);
  const [first, second] = [steps[0]!, steps[1]!];
  const resume = await readResumePoint(artifacts, order, post);
  let position = fromRefitContent(resume);
  let started = false;
  const reports = createReports(post);
  const context = createContext(artifacts, order, reports, post);
  for (;;) {
    const { measured, inner } = position;
    const fit = dueFit(spec, order, measured);
    const [before, own] = measured === null ? [0, first] : [first, second];
    if (started) clear(order.memory);
    const traced = network === null ? fit.spec : { ...fit.spec, network };
    const take = (bytes: number): WebAssembly.Memory => takeMemory(order, bytes);
    const trainingRun = await createRun(traced, fit.shape, kernels, take, order);
    if (measured === null) noteHeldOut(trainingRun, spec, fit.shape);
    const startedMs = performance.now();
    try {
      const { initial, preprocessing } = await prepareRun(trainingRun, fit.spec, order, world, post);
      const secondsIn = inner === null ? 0 : trainingRun.secondsOf(inner.state);
      if (!started) tellStart(resume, position.seconds + secondsIn, post);
      started = true;
      if (currentSignal(order.control) !== "go") return { type: "stopped" };
      const tell = contextOf(context, { position, before, own, total: first + second });
      if (inner === null && measured === null && order.base === null)
        for (const event of dataEvents(preprocessing, trainingRun.arrays)) tell.onEvent(event);
      const end = await trainingRun.fit({ ...tell, preprocessing, initial, resume: inner });
      if (end.type === "refitted") {
        assert(measured !== null, "what is refitted was measured");
        reports.flush();
        tellPhase(post, "store");
        return await publish(order, world, [dueFit(spec, order, null), fit], measured, { end, preprocessing });
      }
      assert(end.type !== "judged", "only folds are judged");
      if (end.type !== "completed") return end;
      const seconds = position.seconds + secondsIn + (performance.now() - startedMs) / 1000;
      position = { seconds, measured: toMeasured(end), inner: null };
      const { trainRows } = fit.shape;
      const all = dueFit(spec, order, position.measured).shape.trainRows;
      tell.onEvent({
        ...{
          level: "info",
          type: "measured",
          data: { rows: trainRows, refitRows: all, digest: position.measured!.digest },
        },
        message: `the model that learnt from ${trainRows} rows is measured; now once more on all ${all}`,
      });
      context.onProgress(first / (first + second));
      await context.writeCheckpoint(toRefitContent(first, position));
    } finally {
      // A fit that fails has told what led to it.
      reports.flush();
      trainingRun.dismiss();
    }
    if (currentSignal(order.control) !== "go") return { type: "stopped" };
  }
};
