import { afterEpoch, initialPlateau } from "../../optim/schedule.ts";
import { floatsOf } from "./memory.ts";
import { afterTrial, chosenEvent } from "./penalty-trials.ts";
import type { Run } from "./run.ts";
import { loadInitial } from "./state.ts";
import { trainingRound } from "./stepper.ts";
import { askHeldOut, holdOutRows, judge, judgeGuess } from "./trials/held-out-rows.ts";
import { holdOutUnits } from "./trials/held-out-units.ts";
import { measureShares, sharedEnsemble, underEachShares } from "./trials/shares.ts";
import { measureHeat } from "./trials/temperature.ts";

/** Makes `round` and the stepper follow what `meta` says of the search. */
export const enterRound = (run: Run): void => {
  const { plan, meta, memory, stepper, options } = run;
  const { search } = plan;
  const { trial, fold, tried } = meta.search ?? { trial: null, fold: 0, tried: [] };
  if (search === null || trial === null) run.round = trainingRound(plan, meta.search?.best ?? null);
  else {
    const { step } = search.programs[trial]!;
    run.round = {
      stages: [{ afterEpochs: 0, step, lastStep: step }],
      stepsPerEpoch: search.stepsPerEpoch,
      lastBatchRows: plan.batchRows,
      steps: search.stepsPerTrial,
      firstStep: (tried.length * search.folds + fold) * search.stepsPerTrial,
      rows:
        options.units === undefined
          ? holdOutRows(plan, search, memory, fold)
          : holdOutUnits(search, plan.spec.training.seed, fold, options.units),
    };
  }
  stepper.enter(run.round);
};

/** Weights as at the beginning of the job, an optimiser that remembers nothing, rows in the first epoch's order. */
const startAnew = ({ plan, memory, stepper, meta, options, round }: Run): void => {
  stepper.initialise();
  loadInitial(plan, memory, options.initial ?? new Map());
  for (const slot of plan.layout.slots) floatsOf(memory, slot).fill(0);
  meta.epoch = 0;
  meta.batch = 0;
  meta.step = round.firstStep;
  meta.lossSum = 0;
  meta.rowsSeen = 0;
  meta.plateau = initialPlateau;
  stepper.shuffle(0);
};

/** The trial is over, or has diverged: the held-out rows judge it, and the next begins, or the training of the model. */
export const endTrial = (run: Run, diverged: boolean): void => {
  const { plan, memory, runner, meta, options, round } = run;
  const { search, spec } = plan;
  if (search === null || meta.search === undefined || round.rows === null) throw new Error("a trial runs");
  const ask = askHeldOut(plan, search, memory, runner, round.rows);
  const losses = diverged ? null : judge(plan, memory, round.rows, ask);
  const ensemble = sharedEnsemble(spec.model);
  if (losses !== null && spec.training.calibration === "temperature") {
    const { heat } = meta.search;
    const measure = (candidate: number) => measureHeat(plan, memory, "train", ask, heat?.[candidate]);
    const measured = ensemble === null ? [measure(0)] : underEachShares(plan, memory, ensemble, measure);
    meta.search = { ...meta.search, heat: measured };
  }
  if (losses !== null && ensemble !== null) {
    const rows = { ensemble, split: "train", rows: losses.length } as const;
    meta.search = { ...meta.search, shares: measureShares(plan, memory, rows, ask, meta.search.shares) };
  }
  const guess = judgeGuess(plan, memory, round.rows);
  meta.search = afterTrial(search, meta.search, losses, guess);
  if (meta.search.trial === null) {
    const { penaltySearch } = spec.training;
    if (penaltySearch) options.onEvent?.(chosenEvent(search, meta.search, penaltySearch.factors));
    // The rows' losses have decided, and need not be kept.
    meta.search = { ...meta.search, losses: null };
  }
  enterRound(run);
  startAnew(run);
};

/** An epoch of a trial is over; training goes on. */
export const endTrialEpoch = (run: Run): false => {
  const { plan, meta, stepper } = run;
  const { schedule } = plan.spec.optimizer;
  meta.plateau = afterEpoch(schedule, meta.plateau, meta.lossSum / meta.rowsSeen);
  meta.epoch += 1;
  meta.batch = 0;
  meta.lossSum = 0;
  meta.rowsSeen = 0;
  if (meta.epoch >= plan.spec.training.epochs) endTrial(run, false);
  else stepper.shuffle(meta.epoch);
  return false;
};
