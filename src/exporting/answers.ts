import { assert } from "../domain/errors.ts";
import type { Model, Preprocessing } from "../domain/models/model.ts";
import { columnsByName } from "../domain/models/predictions/names-of-columns.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import { calibratedOutputs } from "./isotonic.ts";

/** The text at the largest of each row's scores, the first among equals. */
const likeliest = (build: OnnxBuilder, scores: string, texts: readonly string[]): string => {
  const index = build.node("ArgMax", [scores], { axis: { int: 1 }, keepdims: { int: 0 } });
  return build.node("Gather", [build.constant([texts.length], texts), index], { axis: { int: 0 } });
};

/** Columns from `start` on. */
const columns = (build: OnnxBuilder, value: string, start: number, count: number): string => {
  const [from, to, on] = [[start], [start + count], [1]].map(build.integers);
  return build.node("Slice", [value, from!, to!, on!]);
};

/** The second text where its probability is no less than the threshold, else the first; in double precision, as predictions compare them. */
const fromThreshold = (
  build: OnnxBuilder,
  probabilities: string,
  { classes, threshold }: Extract<Preprocessing["label"], { type: "classes" }>,
): string => {
  const second = build.node("Cast", [columns(build, probabilities, 1, 1)], { to: { int: 11 } });
  const below = build.node("Less", [second, build.scalar(threshold ?? 0, "double")]);
  const index = build.node("Sub", [build.integers([1]), build.node("Cast", [below], { to: { int: 7 } })]);
  return build.node("Gather", [build.constant([2], classes), build.reshape(index, [-1])], { axis: { int: 0 } });
};

/** mean + scale · the column, in double precision, as [batch]. */
const onItsScale = (build: OnnxBuilder, value: string, at: number, of: { mean: number; scale: number }): string => {
  const double = build.node("Cast", [columns(build, value, at, 1)], { to: { int: 11 } });
  const scaled = build.node("Mul", [double, build.scalar(of.scale, "double")]);
  return build.reshape(build.node("Add", [scaled, build.scalar(of.mean, "double")]), [-1]);
};

/** A rate of one unit times what the row's count is of. */
const timesExposure = (build: OnnxBuilder, { offset }: Preprocessing, rate: string): string => {
  if (offset === undefined) return rate;
  const given = build.reshape(build.input(offset.column, { type: "double", dims: ["batch", 1] }), [-1]);
  return build.node("Mul", [rate, offset.key === "exposure" ? given : build.node("Exp", [given])]);
};

type NumberLabel = Extract<Preprocessing["label"], { type: "number" }>;

/** The quantiles about the value, of models that have them: which output each is, and what it is at most or least together with the value. */
const endsOf = ({ outputs }: Preprocessing) =>
  outputs === 3
    ? ([
        { name: "lower", at: 1, outermost: "Min" },
        { name: "upper", at: 2, outermost: "Max" },
      ] as const)
    : [];

const outerEnd = (
  build: OnnxBuilder,
  out: string,
  label: NumberLabel,
  { at, outermost }: ReturnType<typeof endsOf>[number],
  value: string,
): string => build.node(outermost, [onItsScale(build, out, at, label), value]);

/** An autoencoder's outputs in the words of the data set, and the mean squared error over its inputs. */
const reconstructionOutputs = (build: OnnxBuilder, preprocessing: Preprocessing, inputs: string, out: string): void => {
  let at = 0;
  for (const feature of preprocessing.features) {
    assert(feature.type !== "image" && feature.type !== "text", "images and texts are not reconstructed");
    const name = `reconstructed_${feature.column}`;
    if (feature.type === "number") {
      build.output(name, onItsScale(build, out, at, feature), { type: "double", dims: ["batch"] });
      at += 1;
    } else if (feature.type === "datetime") {
      const seconds = { mean: feature.mean * 86_400, scale: feature.scale * 86_400 };
      build.output(name, onItsScale(build, out, at, seconds), { type: "double", dims: ["batch"] });
      at += 1 + 2 * feature.cycles.length;
    } else {
      const count = feature.categories.length;
      // Where the file had no text at all, there is none to say.
      const scores = count === 0 ? columns(build, out, 0, 1) : columns(build, out, at, count);
      const texts = count === 0 ? [""] : feature.categories;
      build.output(name, likeliest(build, scores, texts), { type: "string", dims: ["batch"] });
      at += count;
    }
    if (feature.missingIndicator) at += 1;
  }
  const difference = build.node("Cast", [build.node("Sub", [out, inputs])], { to: { int: 11 } });
  const squares = build.node("Mul", [difference, difference]);
  const error = build.node("ReduceMean", [squares], { axes: { ints: [1] }, keepdims: { int: 0 } });
  build.output("error", error, { type: "double", dims: ["batch"] });
};

/**
 * What a network's outputs [batch, outputs], behind softmax, sigmoid or exp, say: `label` and `probabilities`, or `value` on the label's own scale, or each
 * column's reconstruction.
 */
export const answerOutputs = (
  build: OnnxBuilder,
  { preprocessing, task }: Pick<Model, "preprocessing" | "task">,
  inputs: string | null,
  out: string,
): void => {
  const { label } = preprocessing;
  if (task.type === "reconstruction") {
    assert(inputs !== null, "images are not reconstructed");
    reconstructionOutputs(build, preprocessing, inputs, out);
    return;
  }
  assert(label.type !== "none", "only classification and regression have labels");
  if (label.type === "number") {
    const value = timesExposure(build, preprocessing, onItsScale(build, out, 0, label));
    build.output("value", value, { type: "double", dims: ["batch"] });
    for (const end of endsOf(preprocessing))
      build.output(end.name, outerEnd(build, out, label, end, value), { type: "double", dims: ["batch"] });
    return;
  }
  classOutputs(build, label, bothClasses(build, preprocessing, out));
};

/** A probability for each class; of two classes the network may say the second's alone. */
const bothClasses = (build: OnnxBuilder, { outputs }: Preprocessing, out: string): string =>
  outputs === 1 ? build.node("Concat", [build.node("Sub", [build.scalar(1), out]), out], { axis: { int: 1 } }) : out;

/** The label and the probabilities [batch, classes] of each. */
const classOutputs = (
  build: OnnxBuilder,
  label: Extract<Preprocessing["label"], { type: "classes" }>,
  learnt: string,
): void => {
  const { classes, threshold, calibration } = label;
  const probabilities =
    calibration === undefined
      ? learnt
      : calibratedOutputs(build, calibration, learnt, (value, at) => columns(build, value, at, 1));
  const answer =
    threshold === undefined ? likeliest(build, probabilities, classes) : fromThreshold(build, probabilities, label);
  build.output("label", answer, { type: "string", dims: ["batch"] });
  build.output("probabilities", probabilities, { type: "float", dims: ["batch", classes.length] });
};

/**
 * The answers of several networks of one label as one: the mean of their probabilities, or of their values (and quantiles) on the label's own scale, in double precision.
 * @param said what each of them says behind its link, and the preprocessing that its outputs are to be read by
 */
export const meanOutputs = (
  build: OnnxBuilder,
  { preprocessing }: Pick<Model, "preprocessing">,
  said: readonly { readonly preprocessing: Preprocessing; readonly answer: string }[],
): void => {
  const { node } = build;
  const { label } = preprocessing;
  assert(label.type !== "none", "only classification and regression have labels");
  const mean = (values: readonly string[]): string => {
    const sum = values.reduce((a, b) => node("Add", [a, b]));
    return node("Div", [sum, build.scalar(said.length, "double")]);
  };
  if (label.type === "number") {
    const values = said.map(({ preprocessing: { label: own }, answer }) => {
      assert(own.type === "number", "all folds have the same label");
      return { own, answer, value: onItsScale(build, answer, 0, own) };
    });
    const all = mean(values.map(({ value }) => value));
    build.output("value", timesExposure(build, preprocessing, all), { type: "double", dims: ["batch"] });
    for (const end of endsOf(preprocessing)) {
      const ends = values.map(({ own, answer, value }) => outerEnd(build, answer, own, end, value));
      build.output(end.name, mean(ends), { type: "double", dims: ["batch"] });
    }
    return;
  }
  const doubles = mean(said.map(({ answer }) => node("Cast", [answer], { to: { int: 11 } })));
  classOutputs(build, label, bothClasses(build, preprocessing, node("Cast", [doubles], { to: { int: 1 } })));
};

/** Each name's probability: the sum over the columns that bear it. */
const byName = (
  build: OnnxBuilder,
  probabilities: string,
  columns: readonly (readonly number[])[],
  count: number,
): string => {
  const most = Math.max(...columns.map(({ length }) => length));
  if (most === 1) return probabilities;
  // A column of zeros behind the others stands in where a name has no more of them.
  const padded = build.node("Pad", [probabilities, build.integers([0, 0, 0, 1])]);
  const parts = Array.from({ length: most }, (_, part) =>
    build.node("Gather", [padded, build.integers(columns.map((own) => own[part] ?? count))], { axis: { int: 1 } }),
  );
  return parts.reduce((sum, part) => build.node("Add", [sum, part]));
};

/** Names of the first output's columns: the label and the probabilities of an imported network, by a softmax if it has none. */
export const namedOutputs = (
  build: OnnxBuilder,
  labels: readonly string[],
  out: string,
  isProbability: boolean,
): void => {
  const flat = build.reshape(out, [-1, labels.length]);
  const probabilities = isProbability ? flat : build.node("Softmax", [flat], { axis: { int: 1 } });
  const named = columnsByName(labels);
  const names = [...named.keys()];
  const summed = byName(build, probabilities, [...named.values()], labels.length);
  build.output("label", likeliest(build, summed, names), { type: "string", dims: ["batch"] });
  build.output("probabilities", summed, { type: "float", dims: ["batch", names.length] });
};
