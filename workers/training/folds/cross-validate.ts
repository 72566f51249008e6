import { modelsBeside } from "../../../src/data/splits/beside-fits.ts";
import { type Fit, fitsOf } from "../../../src/data/splits/fits.ts";
import { assert } from "../../../src/domain/errors.ts";
import { isFoldEnsemble } from "../../../src/domain/jobs/spec/folds/cross-validation-spec.ts";
import type { ResolvedJobSpec } from "../../../src/domain/jobs/spec/job-spec.ts";
import type { NetworkDescription } from "../../../src/domain/models/network.ts";
import type { KernelSource } from "../../../src/engine/kernels/engine-kernels.ts";
import { reservedBytes } from "../../../src/engine/tensor/layout.ts";
import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import { currentSignal } from "../../engine/control.ts";
import { nameFold } from "../../engine/name-fold.ts";
import type { FoldName, FromThread, RunEnd, RunOrder } from "../../engine/protocol.ts";
import { readResumePoint } from "../checkpoint-file.ts";
import { dataEvents, foldEvents, unlearntRows } from "../data-events.ts";
import { createRun, takeMemory } from "../leading/create-run.ts";
import { answersOfPool } from "../leading/held-out-csv.ts";
import { prepareRun } from "../leading/prepare-run.ts";
import { publishWeights } from "../leading/publish-weights.ts";
import { createContext, createReports } from "../leading/reports.ts";
import { tellPhase } from "../leading/tell-phase.ts";
import { tellStart } from "../leading/tell-start.ts";
import type { TrainingRun, TrainingRunContext, TrainingRunEnd } from "../training-run.ts";
import { stepsOf } from "./fit-steps.ts";
import { type FoldsPosition, fromFoldsContent, toFoldsContent } from "./fold-checkpoint.ts";
import { temperatureOfFolds } from "./fold-temperature.ts";
import { addFold, type Pool } from "./pool.ts";
import { foldMetrics, needsFolds, reportFolds } from "./pooled-report.ts";
import { publishEnsemble } from "./publish-ensemble.ts";
import { unitScores } from "./unit-scores.ts";

export interface World {
  artifacts: ArtifactStore;
  network: NetworkDescription | null;
  kernels: KernelSource;
  post: (message: FromThread) => void;
}

/** Before each fit but the first: what it finds is all zero, as the first did. The members of the team before have left. */
export const clear = (memory: WebAssembly.Memory): void => {
  new Uint8Array(memory.buffer, reservedBytes).fill(0);
};

/** Which fold speaks; null: the model of all rows. */
const foldNameOf = ({ spec, heldOut }: Fit): FoldName | null => {
  if (heldOut === null) return null;
  const { folds, repeats } = spec.training.crossValidation!;
  const [repeat, fold] = [heldOut.repeat + 1, heldOut.fold + 1];
  return { name: `fold ${fold} of ${folds}${repeats === 1 ? "" : ` of repeat ${repeat}`}`, repeat, fold };
};

const tagOf = (of: FoldName | null): { repeat?: number; fold?: number } =>
  of === null ? {} : { repeat: of.repeat, fold: of.fold };

/** The context of one fit: its steps go on from the fits before, its progress is a share of the job's, and what it tells names its fold. */
const contextOf = (
  fit: Fit,
  context: ReturnType<typeof createContext>,
  { position, before, own, total }: { position: FoldsPosition; before: number; own: number; total: number },
): ReturnType<typeof createContext> => {
  const of = foldNameOf(fit);
  return {
    ...context,
    onProgress: (value) => context.onProgress((before + value * own) / total),
    onPoint: (point) =>
      context.onPoint({
        ...point,
        ...{ step: before + point.step, seconds: position.seconds + point.seconds },
        ...tagOf(of),
      }),
    onEvent: (event) => context.onEvent({ ...event, ...nameFold(of, event.message, event.data) }),
    writeCheckpoint: (inner) => context.writeCheckpoint(toFoldsContent(before + inner.step, { ...position, inner })),
  };
};

/** One fit from its data to its end. */
const runFit = async (
  trainingRun: TrainingRun,
  fit: Fit,
  order: RunOrder,
  world: World,
  {
    inner,
    tell,
    begin,
  }: {
    inner: FoldsPosition["inner"];
    tell: Omit<TrainingRunContext, "preprocessing" | "initial" | "resume">;
    begin: () => void;
  },
) => {
  const held = {
    places: new Int32Array(fit.heldOut === null ? 0 : fit.shape.testRows),
    groups: new Int32Array(fit.heldOut === null ? 0 : fit.shape.testRows),
  };
  if (fit.heldOut !== null)
    Object.assign(trainingRun.arrays.test, held, { truths: new Float64Array(fit.shape.testRows) });
  const { initial, preprocessing } = await prepareRun(trainingRun, fit.spec, order, world, world.post, foldNameOf(fit));
  begin();
  const stopped: TrainingRunEnd = { type: "stopped" };
  if (currentSignal(order.control) !== "go") return { end: stopped, preprocessing, held, unlearnt: 0 };
  if (inner === null && order.base === null) {
    const events = fit.heldOut === null ? dataEvents : foldEvents;
    for (const event of events(preprocessing, trainingRun.arrays)) tell.onEvent(event);
  }
  const unlearnt = fit.heldOut === null ? 0 : unlearntRows(preprocessing, trainingRun.arrays);
  const judges = fit.heldOut === null ? {} : { judges: true as const };
  const end = await trainingRun.fit({ ...tell, ...judges, preprocessing, initial, resume: inner });
  return { end, preprocessing, held, unlearnt };
};

/** A trial at the fold at which it is compared. */
const reachedFold = ({ fit, pool }: FoldsPosition): RunEnd => ({
  type: "reached",
  epoch: fit,
  folds: { metrics: foldMetrics(pool), folds: pool.folds.map(({ metrics }) => metrics) },
});

/** The model of all rows has the temperature that the folds' rows prefer, where that is asked for. */
const withFoundTemperature = (fit: Fit | undefined, pool: Pool): Fit | undefined => {
  const byFolds = fit === undefined || fit.heldOut !== null ? null : temperatureOfFolds(fit.spec, pool);
  if (fit === undefined || byFolds === null) return fit;
  return { ...fit, spec: { ...fit.spec, training: { ...fit.spec.training, byFolds } } };
};

type Judged = Extract<TrainingRunEnd, { type: "judged" }>;

const afterFold = (
  { fit: number, seconds, pool, models }: FoldsPosition,
  { shape, heldOut }: Fit,
  isKept: boolean,
  done: Pick<Awaited<ReturnType<typeof runFit>>, "preprocessing" | "held" | "unlearnt"> & {
    end: Judged;
    seconds: number;
  },
): FoldsPosition => {
  assert(heldOut !== null, "only folds are judged");
  const { end, preprocessing, held, unlearnt } = done;
  const { tensors, parameters } = end;
  const kept = isKept ? [{ ...heldOut, preprocessing, tensors, parameters }] : [];
  return {
    fit: number + 1,
    seconds: seconds + done.seconds,
    pool: addFold(pool, heldOut, { ...end, trainRows: shape.trainRows, held, unlearnt }),
    models: [...models, ...kept],
    inner: null,
  };
};

/** Whether the model of a fold stays: all do of an ensemble, and those of the first division that promises of coverage ask. Trials promise none, and are too many. */
const isKept = (fits: readonly Fit[], { spec, heldOut }: Fit, { parameters }: Judged, { trial }: RunOrder): boolean =>
  isFoldEnsemble(spec) || (trial === null && heldOut?.repeat === 0 && modelsBeside(fits, parameters) > 0);

/**
 * Runs a job with a cross-validation: a fit for each fold, whose model is asked about the rows that it has not seen, and last the model of all rows, or the
 * ensemble of those. Each fit has the job's memory to itself. What a fold said is in every later checkpoint: it is not computed again.
 */
export const crossValidate = async (spec: ResolvedJobSpec, order: RunOrder, world: World): Promise<RunEnd> => {
  const { artifacts, network, kernels, post } = world;
  const fits = fitsOf(spec, order.dataset, order.base);
  const steps = fits.map(stepsOf);
  const stepsBefore = (fit: number): number => steps.slice(0, fit).reduce((sum, own) => sum + own, 0);
  const total = stepsBefore(fits.length);
  const resume = await readResumePoint(artifacts, order, post);
  let position = fromFoldsContent(resume);
  let started = false;
  const reports = createReports(post);
  // A trial is compared by its folds: it pauses after one of them, and at no epoch of one of its fits.
  const pauseAtFold = order.trial?.pauseAtEpoch ?? Number.POSITIVE_INFINITY;
  const context = { ...createContext(artifacts, order, reports, post), trial: order.trial && { pauseAtEpoch: null } };
  for (;;) {
    const { pool } = position;
    if (position.fit >= pauseAtFold && position.inner === null) return reachedFold(position);
    const fit = withFoundTemperature(fits[position.fit], pool);
    if (fit === undefined) {
      if (!started) tellStart(resume, position.seconds, post);
      reports.flush();
      tellPhase(post, "store");
      return publishEnsemble(spec, order, world, position);
    }
    const [before, own] = [stepsBefore(position.fit), steps[position.fit]!];
    if (started) clear(order.memory);
    const traced = network === null ? fit.spec : { ...fit.spec, network };
    const trainingRun = await createRun(traced, fit.shape, kernels, (bytes) => takeMemory(order, bytes), order);
    const { inner } = position;
    const secondsIn = inner === null ? 0 : trainingRun.secondsOf(inner.state);
    const begin = (): void => {
      if (!started) tellStart(resume, position.seconds + secondsIn, post, foldNameOf(fit));
      started = true;
    };
    const startedMs = performance.now();
    reports.speakFor(foldNameOf(fit));
    try {
      const tell = contextOf(fit, context, { position, before, own, total });
      const { end, preprocessing, held, unlearnt } = await runFit(trainingRun, fit, order, world, {
        inner,
        tell,
        begin,
      });
      if (end.type === "completed") {
        const measured = needsFolds(end.report) ? position.models : [];
        const report = reportFolds({ spec, pool, label: preprocessing.label }, end.report, measured.length > 0);
        const metrics = { ...end.metrics, ...foldMetrics(pool) };
        const scores = order.trial === null ? null : unitScores(pool);
        reports.flush();
        tellPhase(post, "store");
        return publishWeights(
          artifacts,
          order,
          preprocessing,
          { ...end, report, metrics, scores, heldOut: answersOfPool(pool) },
          network,
          { measured },
        );
      }
      assert(end.type !== "refitted", "folds leave nothing to refit");
      if (end.type !== "judged") return end;
      const seconds = secondsIn + (performance.now() - startedMs) / 1000;
      position = afterFold(position, fit, isKept(fits, fit, end, order), {
        end,
        preprocessing,
        held,
        unlearnt,
        seconds,
      });
      tell.onEvent({
        ...{ level: "info", type: "fold_done", message: `${held.places.length} rows predicted` },
        data: { rows: held.places.length, loss: end.metrics.testLoss ?? null },
      });
      context.onProgress((before + own) / total);
      await context.writeCheckpoint(toFoldsContent(before + own, position));
    } finally {
      // A fit that fails has told what led to it.
      reports.flush();
      trainingRun.dismiss();
    }
    if (currentSignal(order.control) !== "go") return { type: "stopped" };
  }
};
