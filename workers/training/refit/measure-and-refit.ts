import { modelsBeside } from "../../../src/data/splits/beside-fits.ts";
import { type Fit, fitsOf, refitOf } from "../../../src/data/splits/fits.ts";
import { assert } from "../../../src/domain/errors.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { Model } from "../../../src/domain/models/model.ts";
import type { Report } from "../../../src/domain/models/report.ts";
import { sharesOfMetrics } from "../../../src/engine/train/fitting/trials/shares.ts";
import { digestOfTensors } from "../../../src/formats/safetensors/safetensors.ts";
import type { CurveFit } from "../../../src/stats/learning-curve.ts";
import { refitNote } from "../../../src/stats/report-notes.ts";
import { currentSignal } from "../../engine/control.ts";
import type { RunEnd, RunOrder } from "../../engine/protocol.ts";
import { readResumePoint } from "../checkpoint-file.ts";
import { curveFit, withCurve, withoutFit } from "../curve/curve-fit.ts";
import { dataEvents } from "../data-events.ts";
import { clear, type World } from "../folds/cross-validate.ts";
import { stepsOf } from "../folds/fit-steps.ts";
import { promises } from "../folds/pooled-report.ts";
import { createRun, takeMemory } from "../leading/create-run.ts";
import { noteHeldOut } from "../leading/note-held-out.ts";
import { prepareRun } from "../leading/prepare-run.ts";
import { publishWeights, withThreshold } from "../leading/publish-weights.ts";
import { createContext, createReports } from "../leading/reports.ts";
import { tellPhase } from "../leading/tell-phase.ts";
import { tellStart } from "../leading/tell-start.ts";
import type { TrainingRun, TrainingRunContext, TrainingRunEnd } from "../training-run.ts";
import { fromRefitContent, type Measured, type RefitPosition, toRefitContent } from "./refit-checkpoint.ts";

type Completed = Extract<TrainingRunEnd, { type: "completed" }>;
type Refitted = Extract<TrainingRunEnd, { type: "refitted" }>;
type Context = Omit<TrainingRunContext, "preprocessing" | "initial" | "resume">;

/** The context of one of the fits: its steps go on from those before, and its progress is a share of the job's. */
const contextOf = (
  fit: Fit,
  context: ReturnType<typeof createContext>,
  { position, before, own, total }: { position: RefitPosition; before: number; own: number; total: number },
): Context => ({
  ...context,
  ...(position.measured === null ? {} : { refits: true as const }),
  ...(fit.isPart === undefined ? {} : { judges: true as const }),
  onProgress: (value) => context.onProgress((before + value * own) / total),
  // The curve is that of the measured fit: of parts nothing is kept but a point, and nothing is held out that the last could be seen by.
  onPoint: isMeasured(fit, position) ? context.onPoint : () => {},
  onEvent: isMeasured(fit, position) || fit.isPart === undefined ? context.onEvent : () => {},
  writeCheckpoint: (inner) => context.writeCheckpoint(toRefitContent(before + inner.step, { ...position, inner })),
});

const isMeasured = ({ isPart }: Fit, { measured }: RefitPosition): boolean => measured === null && isPart === undefined;

const toMeasured = (
  end: Completed,
  preprocessing: Model["preprocessing"],
  fits: readonly Fit[],
  { trial }: RunOrder,
): Measured => {
  const { tensors, parameters, metrics, threshold, calibration, report, heldOut } = end;
  const isAsked = trial === null && promises(report) && modelsBeside(fits, parameters) > 0;
  const decided = withThreshold(preprocessing, threshold, calibration);
  return {
    ...{ digest: digestOfTensors(tensors), metrics, threshold, report, heldOut },
    ...(calibration === undefined ? {} : { calibration }),
    lastEpoch: metrics.bestEpoch ?? metrics.epochs ?? 1,
    models: isAsked ? [{ repeat: 0, fold: 0, preprocessing: decided, tensors, parameters }] : [],
  };
};

/** What the record says of the two fits. */
const recordOf = (measured: Measured, [first, second]: readonly [Fit, Fit]): NonNullable<Model["refit"]> => ({
  ...{ measuredDigest: measured.digest, measuredRows: first.shape.trainRows, rows: second.shape.trainRows },
  ...{ epochs: second.spec.training.everyRow?.lastEpoch ?? measured.lastEpoch, l2: second.spec.training.l2 },
});

const withNote = (report: Report, refit: NonNullable<Model["refit"]>, kept: boolean): Report => {
  const coverage = promises(report) ? (kept ? "by_measured" : "approximate") : null;
  return "notes" in report ? { ...report, notes: [...report.notes, refitNote(refit, coverage)] } : report;
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
  const { metrics, threshold, calibration, heldOut, models } = measured;
  const report = withNote(measured.report, refit, models.length > 0);
  const { tensors, parameters, background } = end;
  const completed: Completed = {
    ...{ type: "completed", tensors, parameters, background, metrics, threshold, heldOut, report, scores: null },
    ...(calibration === undefined ? {} : { calibration }),
  };
  return publishWeights(artifacts, order, preprocessing, completed, network, { refit, measured: models });
};

/** The fit that is due: parts of the training rows, then the job's own as the specification has it; and of every row, with what that one has found. */
const dueFit = (spec: ResolvedJobSpec, order: RunOrder, { curve, measured }: RefitPosition): Fit => {
  if (measured === null) return fitsOf(spec, order.dataset, order.base)[curve.length]!;
  const { l2 = spec.training.l2, temperature = 1 } = measured.metrics;
  const shares = sharesOfMetrics(measured.metrics);
  return refitOf(spec, order.dataset, order.base, { lastEpoch: measured.lastEpoch, l2, temperature, shares });
};

/** A point of the learning curve is done. */
const afterPart = (position: RefitPosition, point: CurveFit, seconds: number, tell: Context): RefitPosition => {
  const { trainRows, fault } = point;
  const message =
    fault === null ? `measured with ${trainRows} training rows` : `not fitted to ${trainRows} training rows: ${fault}`;
  tell.onEvent({ level: fault === null ? "info" : "warn", type: "part_measured", message, data: { trainRows } });
  return { ...position, seconds, curve: [...position.curve, point], inner: null };
};

const fitDue = async (
  trainingRun: TrainingRun,
  fit: Fit,
  order: RunOrder,
  world: World,
  { position, tell, begin }: { position: RefitPosition; tell: Context; begin: () => void },
): Promise<{ end: TrainingRunEnd; preprocessing: Model["preprocessing"] }> => {
  const { initial, preprocessing } = await prepareRun(trainingRun, fit.spec, order, world, world.post);
  begin();
  if (currentSignal(order.control) !== "go") return { end: { type: "stopped" }, preprocessing };
  const { inner } = position;
  if (inner === null && isMeasured(fit, position) && order.base === null)
    for (const event of dataEvents(preprocessing, trainingRun.arrays)) tell.onEvent(event);
  return { end: await trainingRun.fit({ ...tell, preprocessing, initial, resume: inner }), preprocessing };
};

/** The report of the measured fit; with the learning curve that ends with it. */
const withPoints = (
  end: Completed,
  spec: ResolvedJobSpec,
  { curve }: RefitPosition,
  { shape: { trainRows } }: Fit,
  { arrays: { test } }: TrainingRun,
): Completed => {
  const { judged } = end;
  if (judged === undefined) return end;
  return { ...end, report: withCurve(end.report, spec, curve, { judged, trainRows, test }) };
};

/**
 * Runs a job with more fits than the one that is measured: before it those of the points of its learning curve, after it that of every row. Each has the job's
 * memory to itself. What was measured is in every later checkpoint: it is not computed again.
 */
export const measureAndRefit = async (spec: ResolvedJobSpec, order: RunOrder, world: World): Promise<RunEnd> => {
  const { artifacts, network, kernels, post } = world;
  const fits = fitsOf(spec, order.dataset, order.base);
  const steps = fits.map(stepsOf);
  const stepsBefore = (count: number): number => steps.slice(0, count).reduce((sum, own) => sum + own, 0);
  const total = stepsBefore(fits.length);
  const resume = await readResumePoint(artifacts, order, post);
  let position = fromRefitContent(resume);
  let started = false;
  const reports = createReports(post);
  const context = createContext(artifacts, order, reports, post);
  for (;;) {
    const { curve, measured, inner } = position;
    const fit = dueFit(spec, order, position);
    const number = curve.length + (measured === null ? 0 : 1);
    const [before, own] = [stepsBefore(number), steps[number]!];
    if (started) clear(order.memory);
    const traced = network === null ? fit.spec : { ...fit.spec, network };
    const take = (bytes: number): WebAssembly.Memory => takeMemory(order, bytes);
    const trainingRun = await createRun(traced, fit.shape, kernels, take, order);
    if (isMeasured(fit, position)) noteHeldOut(trainingRun, spec, fit.shape);
    const startedMs = performance.now();
    const secondsIn = inner === null ? 0 : trainingRun.secondsOf(inner.state);
    const secondsNow = (): number => position.seconds + secondsIn + (performance.now() - startedMs) / 1000;
    const begin = (): void => {
      if (!started) tellStart(resume, position.seconds + secondsIn, post);
      started = true;
    };
    try {
      const tell = contextOf(fit, context, { position, before, own, total });
      const due = fitDue(trainingRun, fit, order, world, { position, tell, begin });
      const { trainRows } = fit.shape;
      const done = fit.isPart ? await due.catch((error: unknown) => withoutFit(trainRows, error)) : await due;
      if (!("end" in done)) position = afterPart(position, done, secondsNow(), context);
      else if (done.end.type === "judged")
        position = afterPart(position, curveFit(fit.spec, trainRows, done.end.judged), secondsNow(), context);
      else if (done.end.type === "refitted") {
        assert(measured !== null, "what is refitted was measured");
        reports.flush();
        tellPhase(post, "store");
        const { end, preprocessing } = done;
        return await publish(order, world, [fits[number - 1]!, fit], measured, { end, preprocessing });
      } else if (done.end.type === "completed") {
        const end = withPoints(done.end, spec, position, fit, trainingRun);
        if (spec.training.refit !== true) {
          reports.flush();
          tellPhase(post, "store");
          return await publishWeights(artifacts, order, done.preprocessing, end, network);
        }
        position = {
          ...position,
          seconds: secondsNow(),
          measured: toMeasured(end, done.preprocessing, fits, order),
          inner: null,
        };
        tellMeasured(dueFit(spec, order, position), fit, position, tell);
      } else return done.end;
      context.onProgress((before + own) / total);
      await context.writeCheckpoint(toRefitContent(before + own, position));
    } finally {
      // A fit that fails has told what led to it.
      reports.flush();
      trainingRun.dismiss();
    }
    if (currentSignal(order.control) !== "go") return { type: "stopped" };
  }
};

const tellMeasured = (next: Fit, { shape: { trainRows } }: Fit, { measured }: RefitPosition, tell: Context): void => {
  const all = next.shape.trainRows;
  tell.onEvent({
    ...{ level: "info", type: "measured", data: { rows: trainRows, refitRows: all, digest: measured?.digest ?? "" } },
    message: `the model that learnt from ${trainRows} rows is measured; now once more on all ${all}`,
  });
};
