import type { LayerStatistics } from "../../../domain/jobs/job.ts";
import type { TrainingEvent, WatchState } from "../planning/training.ts";

/** What has become known at the end of an epoch. `layers` is empty where they were not described. */
export interface EpochFacts {
  readonly epoch: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly trainLoss: number;
  readonly validationLoss: number | null;
  readonly gradientNorm: number;
  readonly layers: readonly LayerStatistics[];
}

export const initialWatch: WatchState = {
  warned: [],
  firstLoss: null,
  lowestLoss: null,
  lowestValidation: null,
  deadPoints: 0,
  vanishingPoints: 0,
  layers: [],
};

/** Thresholds: what counts as a problem, and for how many descriptions in a row. */
const limits = {
  /** Gradient of the first layer against the largest of any layer. */
  vanishingRatio: 1e-4,
  explodingNorm: 1e3,
  deadShare: 0.4,
  patience: 3,
  /** A loss this many times that of the first epoch. */
  divergingFactor: 2,
  /** Share of the loss that must have gone after a tenth of the epochs, at least ten of them. */
  leastFall: 0.01,
  /** Validation loss over its best, while the training loss has fallen on. */
  overfittingFactor: 1.1,
  overfittingEpochs: 10,
} as const;

type Finding = Omit<TrainingEvent, "level">;

const vanishing = (facts: EpochFacts): Finding | null => {
  const trained = facts.layers.filter(({ gradientRms }) => gradientRms > 0);
  const largest = Math.max(...trained.map(({ gradientRms }) => gradientRms));
  const first = facts.layers[0];
  if (trained.length < 2 || !first || first.gradientRms >= limits.vanishingRatio * largest) return null;
  return {
    type: "vanishing_gradients",
    message: `the gradient of ${first.layer} is ${(first.gradientRms / largest).toExponential(1)} of the largest layer's: it hardly learns; try relu, he initialisation or batch normalisation`,
    data: { layers: trained.map(({ layer }) => layer), gradientRms: trained.map(({ gradientRms }) => gradientRms) },
  };
};

const exploding = (facts: EpochFacts): Finding | null => {
  if (facts.gradientNorm <= limits.explodingNorm) return null;
  const worst = facts.layers.toSorted((a, b) => b.gradientRms - a.gradientRms)[0];
  return {
    type: "exploding_gradients",
    message: `the gradient's norm is ${facts.gradientNorm.toPrecision(3)}${worst ? `, largest in ${worst.layer}` : ""}: lower the learning rate or clip gradients`,
    data: {
      gradientNorm: facts.gradientNorm,
      layers: facts.layers.map(({ layer }) => layer),
      gradientRms: facts.layers.map(({ gradientRms }) => gradientRms),
    },
  };
};

const dead = (facts: EpochFacts): Finding | null => {
  const worst = facts.layers.filter(({ deadShare }) => (deadShare ?? 0) > limits.deadShare);
  if (worst.length === 0) return null;
  return {
    type: "dead_relus",
    message: `${worst.map(({ layer, deadShare }) => `${Math.round((deadShare ?? 0) * 100)} % of ${layer}`).join(", ")} never become active: try a lower learning rate or leaky_relu`,
    data: { layers: worst.map(({ layer }) => layer), deadShare: worst.map(({ deadShare }) => deadShare ?? 0) },
  };
};

const diverging = (facts: EpochFacts, firstLoss: number): Finding | null =>
  facts.trainLoss <= limits.divergingFactor * Math.abs(firstLoss) || facts.trainLoss <= firstLoss
    ? null
    : {
        type: "learning_rate_too_high",
        message: `the training loss rose from ${firstLoss.toPrecision(3)} to ${facts.trainLoss.toPrecision(3)}: the learning rate ${facts.learningRate} is too high`,
        data: { firstLoss, trainLoss: facts.trainLoss, learningRate: facts.learningRate, epoch: facts.epoch },
      };

const stuck = (facts: EpochFacts, firstLoss: number, lowestLoss: number): Finding | null => {
  const due = Math.max(10, Math.ceil(facts.epochs / 10));
  if (facts.epoch !== due || firstLoss - lowestLoss >= limits.leastFall * Math.abs(firstLoss)) return null;
  return {
    type: "loss_not_falling",
    message: `after ${due} epochs the training loss is ${lowestLoss.toPrecision(4)} of ${firstLoss.toPrecision(4)} at first: try another learning rate or a larger model`,
    data: { firstLoss, lowestLoss, epoch: facts.epoch, learningRate: facts.learningRate },
  };
};

const overfitting = (facts: EpochFacts, best: WatchState["lowestValidation"]): Finding | null => {
  if (!best || facts.validationLoss === null || facts.epoch - best.epoch < limits.overfittingEpochs) return null;
  if (facts.validationLoss <= limits.overfittingFactor * best.loss || facts.trainLoss >= best.trainLoss) return null;
  return {
    type: "overfitting",
    message: `since epoch ${best.epoch} the validation loss rose from ${best.loss.toPrecision(3)} to ${facts.validationLoss.toPrecision(3)} while the training loss fell: stop earlier, regularise, or find more data`,
    data: {
      bestEpoch: best.epoch,
      bestValidationLoss: best.loss,
      validationLoss: facts.validationLoss,
      trainLoss: facts.trainLoss,
    },
  };
};

/** Looks for the problems of learning at the end of an epoch; each is reported once in a job, with the evidence. */
export const watchEpoch = (
  state: WatchState,
  facts: EpochFacts,
): { readonly state: WatchState; readonly events: TrainingEvent[] } => {
  const firstLoss = state.firstLoss ?? facts.trainLoss;
  const lowestLoss = Math.min(state.lowestLoss ?? facts.trainLoss, facts.trainLoss);
  const described = facts.layers.length > 0;
  const [vanished, died] = described ? [vanishing(facts), dead(facts)] : [null, null];
  const vanishingPoints = described ? (vanished ? state.vanishingPoints + 1 : 0) : state.vanishingPoints;
  const deadPoints = described ? (died ? state.deadPoints + 1 : 0) : state.deadPoints;
  const improves =
    facts.validationLoss !== null && facts.validationLoss < (state.lowestValidation?.loss ?? Number.MAX_VALUE);
  const lowestValidation =
    improves && facts.validationLoss !== null
      ? { epoch: facts.epoch, loss: facts.validationLoss, trainLoss: facts.trainLoss }
      : state.lowestValidation;
  const findings = [
    vanishingPoints >= limits.patience ? vanished : null,
    described ? exploding(facts) : null,
    deadPoints >= limits.patience ? died : null,
    diverging(facts, firstLoss),
    stuck(facts, firstLoss, lowestLoss),
    overfitting(facts, lowestValidation),
  ].filter((finding) => finding !== null && !state.warned.includes(finding.type)) as Finding[];
  return {
    state: {
      warned: [...state.warned, ...findings.map(({ type }) => type)],
      firstLoss,
      lowestLoss,
      lowestValidation,
      deadPoints,
      vanishingPoints,
      layers: described ? facts.layers : state.layers,
    },
    events: findings.map((finding) => ({ level: "warn", ...finding })),
  };
};

/** Layers whose units all begin with the same weights (weight matrices with equal columns): they would stay alike for ever. */
export const symmetryEvent = (
  weights: readonly { layer: string; units: number; data: Float32Array }[],
): TrainingEvent | null => {
  const alike = weights.filter(
    ({ units, data }) => units > 1 && data.every((value, index) => value === data[index - (index % units)]),
  );
  if (alike.length === 0) return null;
  const zero = alike.every(({ data }) => data.every((value) => value === 0));
  const layers = alike.map(({ layer }) => layer);
  return {
    level: "warn",
    type: zero ? "zero_initial_weights" : "symmetric_initial_weights",
    message: `all units of ${layers.join(", ")} begin with the same weights${zero ? ", zero" : ""}: they get the same gradient and stay alike for ever; use he or xavier`,
    data: { layers, values: alike.map(({ data }) => data[0] ?? 0) },
  };
};
