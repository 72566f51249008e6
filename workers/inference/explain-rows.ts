import { ServiceError } from "../../src/domain/errors.ts";
import { isFoldEnsemble } from "../../src/domain/jobs/spec/folds/cross-validation-spec.ts";
import { hasLogLink } from "../../src/domain/jobs/spec/parts/loss-spec.ts";
import type { Model } from "../../src/domain/models/model.ts";
import type { ExplainedAnswer, Explanation } from "../../src/domain/models/predictions/explanation.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import { permutation, seedWords } from "../../src/engine/kernels/philox.ts";
import { type ColumnInputs, columnInputs } from "../../src/stats/explaining/correlated-columns.ts";
import {
  type Contributions,
  type LinearWeightsOfInputs,
  linearContributions,
} from "../../src/stats/explaining/linear-contributions.ts";
import { shapleyValues } from "../../src/stats/explaining/shapley.ts";

/** "shap": Philox's purpose, far from the small numbers of the engine's. */
const purpose = 0x73686170;
/** Classes that a row's answer is explained for. */
const mostClasses = 10;
/** FLOPs for one row, and for all of a request: about half a second, and a second. */
const [rowFlops, requestFlops] = [2e9, 4e9];
/** Contributions of one answer, which are about sixty bytes each. */
const mostContributions = 200_000;
/** Fewer rows to compare with say too little. */
const leastBackground = 10;

/** What a model keeps for explaining its answers. `means` and `weights`: of a linear model. */
export interface Background {
  /** Encoded training rows, one after another. */
  readonly rows: Float32Array;
  readonly linear: (LinearWeightsOfInputs & { readonly means: Float64Array; readonly count: number }) | null;
}

/** Encoded rows to answers, as the model gives them. */
type Ask = (inputs: Float32Array) => readonly Prediction[];

/** The numbers of an answer that can be explained: probabilities of the classes, or a value. */
const numbersOf = (prediction: Prediction, classes: readonly string[] | null): number[] => {
  if (classes !== null && "label" in prediction && prediction.probabilities !== undefined) {
    const { probabilities } = prediction;
    const all = classes.map((name) => probabilities[name]!);
    return classes.length === 2 ? [all[1]!] : all;
  }
  if ("value" in prediction) return [prediction.value];
  throw new Error("only classes and values are explained");
};

const classesOf = ({ preprocessing: { label } }: Model): readonly string[] | null =>
  label.type === "classes" ? label.classes : null;

/** The names of what is explained, by place: of two classes the second. */
const namesOf = (classes: readonly string[] | null): (string | null)[] =>
  classes === null ? [null] : classes.length === 2 ? [classes[1]!] : [...classes];

interface Scale {
  readonly name: Explanation["scale"];
  /** From a model's numbers, so many for each output, to those that are told. */
  readonly of: (numbers: Float64Array, isContribution: boolean) => Float64Array;
}

const byRow = (width: number, tell: (row: Float64Array) => readonly number[]) => (numbers: Float64Array) =>
  Float64Array.from(
    Array.from({ length: numbers.length / width }, (_, i) => tell(numbers.subarray(i * width, (i + 1) * width))).flat(),
  );

/** A linear model's outputs before softmax, sigmoid or exp: of many classes without what they have in common, of two their difference. */
const scaleOf = ({ spec, preprocessing: { label, outputs } }: Model): Scale => {
  if (label.type === "number") {
    const counts = hasLogLink(spec.loss);
    const { mean, scale } = counts ? { mean: 0, scale: 1 } : label;
    const of: Scale["of"] = (numbers, isContribution) =>
      byRow(outputs, ([first]) => [(isContribution ? 0 : mean) + scale * first!])(numbers);
    return { name: counts ? "log_rate" : "value", of };
  }
  if (outputs === 1) return { name: "log_odds", of: (numbers) => numbers };
  if (outputs === 2) return { name: "log_odds", of: byRow(2, ([first, second]) => [second! - first!]) };
  const centred = (row: Float64Array): number[] => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    return Array.from(row, (value) => value - mean);
  };
  return { name: "log_share", of: byRow(outputs, centred) };
};

/** The likeliest of many answers, the first among equals first. */
const likeliest = (own: Float64Array): number[] =>
  [...own.keys()].toSorted((a, b) => own[b]! - own[a]! || a - b).slice(0, mostClasses);

const answersOf = (
  names: readonly (string | null)[],
  columns: readonly ColumnInputs[],
  { base, own, values, errors }: Contributions & { errors: Float64Array | null },
): ExplainedAnswer[] =>
  likeliest(own).map((k) => ({
    ...{ class: names[k]!, base: base[k]!, answer: own[k]! },
    contributions: columns.map(({ column }, i) => ({
      column,
      value: values[i * own.length + k]!,
      standardError: errors === null ? null : errors[i * own.length + k]!,
    })),
  }));

const tooMany = (rows: number, most: number, why: string): void => {
  if (rows > most)
    throw new ServiceError(
      "too_large",
      `explaining ${rows} rows of this model at once would ${why}; send at most ${most}`,
      {
        errors: [{ pointer: "/rows", detail: `send at most ${most} rows at once with "explain"` }],
      },
    );
};

const refused = (detail: string): ServiceError =>
  new ServiceError("invalid", `/explain: ${detail}`, { errors: [{ pointer: "/explain", detail }] });

/** Training rows that a model of this size can be asked about, of those that are kept, at equal distances. */
const usedBackground = (
  kept: Float32Array,
  inputs: number,
  flopsOfRow: number,
): { rows: Float32Array; count: number } => {
  const total = kept.length / inputs;
  const count = Math.min(total, Math.floor(rowFlops / flopsOfRow));
  if (count < Math.min(leastBackground, total))
    throw refused(
      "the model has too many columns and weights to be asked about each of them; the report's importances tell which columns matter",
    );
  const rows = new Float32Array(count * inputs);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * total) / count);
    rows.set(kept.subarray(from * inputs, (from + 1) * inputs), i * inputs);
  }
  return { rows, count };
};

const explainSampled = (model: Model, kept: Background, inputs: Float32Array, ask: Ask): Explanation[] => {
  const columns = columnInputs(model.preprocessing);
  const { inputs: width } = model.preprocessing;
  const [classes, count] = [classesOf(model), inputs.length / model.preprocessing.inputs];
  const names = namesOf(classes);
  // Two orders for each training row; an evaluation is a few operations for each weight, input and answer.
  const flopsOfRow = 2 * columns.length * (2 * model.parameters + 10 * width + 100 * names.length);
  const background = usedBackground(kept.rows, width, flopsOfRow);
  tooMany(count, Math.max(1, Math.floor(requestFlops / (background.count * flopsOfRow))), "take too long");
  const ordersOf = (index: number): Int32Array[] => {
    const order = permutation(columns.length, { ...seedWords(model.spec.training.seed), purpose, index });
    // An order and its reverse err to opposite sides.
    return [order, order.toReversed()];
  };
  const asked = (rows: Float32Array): number[] => ask(rows).flatMap((prediction) => numbersOf(prediction, classes));
  return Array.from({ length: count }, (_, i) => {
    const row = inputs.subarray(i * width, (i + 1) * width);
    const question = { row, background: background.rows, columns, answers: names.length, ask: asked, ordersOf };
    const found = shapleyValues(question);
    return {
      ...{ method: "shapley" as const, scale: classes === null ? ("value" as const) : ("probability" as const) },
      rows: background.count,
      answers: answersOf(names, columns, found),
    };
  });
};

const explainLinear = (
  model: Model,
  linear: NonNullable<Background["linear"]>,
  inputs: Float32Array,
): Explanation[] => {
  const columns = columnInputs(model.preprocessing);
  const { inputs: width } = model.preprocessing;
  const { name: scale, of } = scaleOf(model);
  return Array.from({ length: inputs.length / width }, (_, i) => {
    const row = inputs.subarray(i * width, (i + 1) * width);
    const raw = linearContributions(linear, linear.means, row, columns);
    const told = { base: of(raw.base, false), own: of(raw.own, false), values: of(raw.values, true), errors: null };
    const answers = answersOf(namesOf(classesOf(model)), columns, told);
    return { method: "linear" as const, scale, rows: linear.count, answers };
  });
};

/** Whether the model's answers can be explained at all: `invalid` at /explain where not. */
export const requireExplainable = ({ id, spec, preprocessing: { features, label }, files }: Model): void => {
  if (label.type === "none") throw refused("only answers of classifications and regressions are explained");
  if (features.some(({ type }) => type === "image"))
    throw refused("answers about pictures cannot be explained by columns");
  if (isFoldEnsemble(spec))
    throw refused(
      `${id} is the ensemble of the folds' models, each behind its own preprocessing, and their answers are not explained; the job with the model of all rows explains its own`,
    );
  if (files?.background === undefined)
    throw refused(
      `${id} keeps no training rows to compare with: it was made by an earlier version, from a network of a file, or has too many inputs; train it again`,
    );
};

/** What the columns contribute to the answer to each of the encoded rows. */
export const explainRows = (model: Model, background: Background, inputs: Float32Array, ask: Ask): Explanation[] => {
  const classes = Math.min(mostClasses, namesOf(classesOf(model)).length);
  const most = Math.max(1, Math.floor(mostContributions / (classes * model.preprocessing.features.length)));
  tooMany(inputs.length / model.preprocessing.inputs, most, "be too long an answer");
  if (background.linear !== null) return explainLinear(model, background.linear, inputs);
  return explainSampled(model, background, inputs, ask);
};
