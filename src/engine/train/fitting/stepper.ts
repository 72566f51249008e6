import { powInteger64 } from "../../kernels/math64.ts";
import { seedWords } from "../../kernels/philox.ts";
import { ruleOf } from "../../optim/rules.ts";
import { changesWithinEpoch, learningRateAt, type PlateauState } from "../../optim/schedule.ts";
import type { Team } from "../../parallel/team.ts";
import type { Feed } from "../planning/row-sources.ts";
import type { Stage, TrainingPlan } from "../planning/training.ts";
import type { WantedRows } from "../ring/ring-lead.ts";
import { floatsOf } from "./memory.ts";
import type { RowRunner } from "./row-runner.ts";
import type { TrialRows } from "./trials/held-out-rows.ts";

/** What is trained: a trial of a penalty, or the model itself. */
export interface Round {
  readonly stages: readonly Stage[];
  readonly stepsPerEpoch: number;
  readonly lastBatchRows: number;
  /** Of all its epochs. */
  readonly steps: number;
  /** Where it begins among all steps of the plan. */
  readonly firstStep: number;
  /** The rows of a trial; null: all training rows. */
  readonly rows: TrialRows | null;
}

/** With another penalty than the spec's nothing is unfrozen. */
const stagesOf = ({ search, programIndex }: TrainingPlan, penalty: number | null): readonly Stage[] => {
  const programs = penalty === null ? undefined : search?.programs[penalty];
  return programs === undefined ? programIndex.stages : [{ afterEpochs: 0, ...programs }];
};

/** The training of the model, with the penalty at this position of the search. */
export const trainingRound = (plan: TrainingPlan, penalty: number | null): Round => ({
  stages: stagesOf(plan, penalty),
  stepsPerEpoch: plan.stepsPerEpoch,
  lastBatchRows: plan.lastBatchRows,
  steps: plan.steps,
  firstStep: plan.search?.steps ?? 0,
  rows: null,
});

/** Runs single steps: writes what changes from step to step into the shared memory, then lets the team run the plan. */
export interface Stepper {
  /** What the steps from now on are of; the training of the model if it was not called. */
  enter(round: Round): void;
  /** Puts the rows into the order of this epoch. */
  shuffle(epoch: number): void;
  /** One step, counted from the round's first; returns the mini-batch's loss. */
  run(epoch: number, batch: number, step: number, plateau: PlateauState): number;
  /** Of the last step. */
  learningRate(): number;
  /** Draws the initial weights. */
  initialise(): void;
}

/**
 * Shuffles in place (Fisher & Yates 1938, Durstenfeld's form) by one random word for each position: j = ⌊word · (i + 1) / 2³²⌋, exact in a double. The chance of
 * a position differs from equal by less than rows / 2³².
 */
const shuffleBy = (order: Int32Array, draws: Uint32Array): void => {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor((draws[i]! * (i + 1)) / 4294967296);
    const row = order[i]!;
    order[i] = order[j]!;
    order[j] = row;
  }
};

/** Writes the learning rates and the corrections of moving averages of each step. */
const createRates = ({ layout, spec: { optimizer } }: TrainingPlan, memory: WebAssembly.Memory) => {
  const hypers = layout.groups.map(({ hyperOffset }) => new Float64Array(memory.buffer, hyperOffset, 3));
  const [beta1, beta2] = ruleOf(optimizer).decays(optimizer);
  const varies = changesWithinEpoch(optimizer.schedule);
  let rate = Number.NaN;
  let rateEpoch = -1;
  const set = (round: Round, epoch: number, step: number, plateau: PlateauState): void => {
    if (varies || rateEpoch !== epoch) {
      rate = learningRateAt(optimizer.schedule, optimizer.learningRate, { step, steps: round.steps, epoch }, plateau);
      rateEpoch = epoch;
    }
    for (let group = 0; group < hypers.length; group++) {
      const { factor, stage } = layout.groups[group]!;
      // Moving averages begin when their weights begin to learn.
      const first = (round.stages[stage]?.afterEpochs ?? 0) * round.stepsPerEpoch;
      const steps = step - first + 1;
      if (steps <= 0) continue;
      const hyper = hypers[group]!;
      hyper[0] = rate * factor;
      hyper[1] = beta1 > 0 ? 1 - powInteger64(beta1, steps) : 1;
      hyper[2] = beta2 > 0 ? 1 - powInteger64(beta2, steps) : 1;
    }
  };
  const forget = (): void => {
    rateEpoch = -1;
  };
  return { set, forget, learningRate: (): number => rate };
};

export const createStepper = (
  plan: TrainingPlan,
  memory: WebAssembly.Memory,
  team: Team,
  runner: RowRunner,
  feed: Feed | undefined,
): Stepper => {
  const fed = plan.feed && floatsOf(memory, plan.feed.features);
  if (fed !== null && feed === undefined) throw new Error("a plan with a feed is given one");
  const { layout, programIndex, spec } = plan;
  let round = trainingRound(plan, null);
  const random = new Uint32Array(memory.buffer, layout.randomOffset, 4);
  const cursor = new Int32Array(memory.buffer, layout.cursorOffset, 1);
  const loss = new Float32Array(memory.buffer, layout.lossOffset, 1);
  const order = new Int32Array(memory.buffer, layout.orderOffset, plan.shape.trainRows);
  const draws = new Uint32Array(memory.buffer, layout.shuffleOffset, plan.shape.trainRows);
  const { seedLow, seedHigh } = seedWords(spec.training.seed);
  const rates = createRates(plan, memory);
  const seenIn = (epoch: number): number | null => (spec.training.augment === undefined ? null : epoch);
  // One for all steps: a step makes no garbage.
  const wanted: { -readonly [K in keyof WantedRows]: WantedRows[K] } = {
    ...{ split: "train", orderOffset: layout.orderOffset, first: 0, rows: 0, end: 0, epoch: null },
  };

  const setRandom = (index: number): void => {
    random[0] = seedLow;
    random[1] = seedHigh;
    random[2] = index;
    random[3] = Math.floor(index / 4294967296);
  };

  return {
    enter: (next) => {
      round = next;
      rates.forget();
    },
    shuffle: (epoch) => {
      runner.forget();
      const rows = round.rows?.train;
      const learnt = rows === undefined ? order : order.subarray(0, rows.length);
      if (rows === undefined) for (let row = 0; row < order.length; row++) order[row] = row;
      else {
        learnt.set(rows);
        order.set(round.rows!.holdOut, rows.length);
      }
      if (!spec.training.shuffle) return;
      setRandom(epoch);
      team.run(programIndex.shuffle);
      shuffleBy(learnt, draws);
    },
    run: (epoch, batch, step, plateau) => {
      rates.set(round, epoch, step, plateau);
      const stage = round.stages.findLast(({ afterEpochs }) => epoch >= afterEpochs)!;
      const parts = batch === round.stepsPerEpoch - 1 ? stage.lastStep : stage.step;
      let first = batch * plan.batchRows;
      wanted.end = (round.stepsPerEpoch - 1) * plan.batchRows + round.lastBatchRows;
      wanted.epoch = seenIn(epoch);
      for (let part = 0; part < parts.length; part++) {
        const { program, rows } = parts[part]!;
        setRandom(step * plan.partsPerStep + part);
        cursor[0] = first;
        if (fed !== null && rows > 0) feed?.(order.subarray(first, first + rows), epoch, fed);
        wanted.first = first;
        wanted.rows = rows;
        if (rows > 0) runner.run(program, wanted);
        else team.run(program);
        first += rows;
      }
      return loss[0]!;
    },
    learningRate: rates.learningRate,
    initialise: () => {
      setRandom(0);
      team.run(programIndex.initialise);
    },
  };
};
