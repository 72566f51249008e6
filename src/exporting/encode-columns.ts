import { daysPerYear, firstWeekday } from "../data/columns/date-cycles.ts";
import { resampleMatrices } from "../data/images/resample.ts";
import { featureWidth } from "../data/preprocessing/data-shape.ts";
import type { DateCycle } from "../domain/datasets/dataset.ts";
import { ServiceError } from "../domain/errors.ts";
import { type FeatureTransform, isScaled, type Preprocessing, type ScaledTransform } from "../domain/models/model.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
import { valueBetween } from "./piecewise-linear.ts";
import { reversedChannels, toChannelsFirst, toChannelsLast } from "./translation.ts";

type Transform<Type> = Extract<FeatureTransform, { type: Type }>;

/** Columns as the model takes them: [batch, inputs], and the picture with its channels first where they are one. */
export interface EncodedColumns {
  /** null: they are a picture. */
  readonly inputs: string | null;
  readonly picture: { readonly name: string; readonly size: readonly number[] } | null;
  /** An input of the file. */
  readonly anyInput: string;
}

const secondsPerDay = 86_400;

const textRefused = (column: string): ServiceError =>
  new ServiceError(
    "unprocessable",
    `the texts of ${JSON.stringify(column)} are hashed, for which ONNX has no operator; export without the preprocessing (?preprocessing=false), and hash them as its record says`,
  );

/** A number, or the days of a date, which have none of what numbers may have beside. */
type NumberLike = ScaledTransform & Pick<Transform<"number">, "logShift" | "quantiles" | "smoothClip">;

interface Block {
  /** [batch, width] */
  readonly value: string;
  /** Where each of its columns stands among the model's inputs. */
  readonly places: readonly number[];
}

/** Of the columns side by side those that are picked, changed, and back in their places. */
const changed = (
  build: OnnxBuilder,
  value: string,
  transforms: readonly NumberLike[],
  picks: (transform: NumberLike) => boolean,
  change: (column: string, transform: NumberLike) => string,
): string => {
  const picked = transforms.flatMap((transform, i) => (picks(transform) ? [{ transform, i }] : []));
  if (picked.length === 0) return value;
  const columns = picked.map(({ transform, i }) =>
    change(build.node("Gather", [value, build.integers([i])], { axis: { int: 1 } }), transform),
  );
  const order = transforms.map((_, i) => {
    const at = picked.findIndex((each) => each.i === i);
    return at < 0 ? i : transforms.length + at;
  });
  const all = build.node("Concat", [value, ...columns], { axis: { int: 1 } });
  return build.node("Gather", [all, build.integers(order)], { axis: { int: 1 } });
};

/** What stands before (x − mean)/scale: the logarithm, and the normal score. */
const beforeScaling = (build: OnnxBuilder, value: string, transforms: readonly NumberLike[]): string => {
  const logs = changed(
    build,
    value,
    transforms,
    ({ logShift }) => logShift !== undefined,
    (column, { logShift = 0 }) =>
      build.node("Log", [logShift === 0 ? column : build.node("Add", [column, build.scalar(logShift, "double")])]),
  );
  return changed(
    build,
    logs,
    transforms,
    ({ quantiles }) => quantiles !== undefined,
    (column, { quantiles }) => valueBetween(build, column, quantiles!.values, quantiles!.scores),
  );
};

/** y/√(1 + (y/c)²) where there is a c. */
const smoothlyClipped = (build: OnnxBuilder, value: string, transforms: readonly NumberLike[]): string =>
  changed(
    build,
    value,
    transforms,
    ({ smoothClip }) => smoothClip !== undefined,
    (column, { smoothClip = 1 }) => {
      const { node, scalar } = build;
      const share = node("Div", [column, scalar(smoothClip, "double")]);
      const root = node("Sqrt", [node("Add", [scalar(1, "double"), node("Mul", [share, share])])]);
      return node("Div", [column, root]);
    },
  );

/** What the transform makes of x in double precision, rounded once, x held within the clip; what is missing (NaN) is 0, and its indicator 1. */
const encodeNumbers = (
  build: OnnxBuilder,
  numbers: readonly { transform: ScaledTransform; at: number; input: string }[],
): Block[] => {
  const { node } = build;
  const row = (of: (transform: ScaledTransform) => number): string =>
    build.constant(
      [numbers.length],
      Float64Array.from(numbers, ({ transform }) => of(transform)),
    );
  const joined =
    numbers.length === 1
      ? numbers[0]!.input
      : node(
          "Concat",
          numbers.map(({ input }) => input),
          { axis: { int: 1 } },
        );
  // What no training row had a value of is missing, whatever it is: NaN times anything is NaN.
  const given = numbers.some(({ transform }) => transform.unlearnt)
    ? node("Mul", [joined, row(({ unlearnt }) => (unlearnt ? Number.NaN : 1))])
    : joined;
  const missing = node("IsNaN", [given]);
  let value = given;
  if (numbers.some(({ transform }) => transform.clip !== undefined)) {
    const low = row(({ clip }) => clip?.minimum ?? Number.NEGATIVE_INFINITY);
    const high = row(({ clip }) => clip?.maximum ?? Number.POSITIVE_INFINITY);
    value = node("Min", [node("Max", [value, low]), high]);
  }
  const transforms = numbers.map(({ transform }) => transform);
  const before = beforeScaling(build, value, transforms);
  const standard = node("Div", [node("Sub", [before, row(({ mean }) => mean)]), row(({ scale }) => scale)]);
  const scaled = smoothlyClipped(build, standard, transforms);
  const known = node("Where", [missing, build.scalar(0, "double"), scaled]);
  const blocks: Block[] = [{ value: node("Cast", [known], { to: { int: 1 } }), places: numbers.map(({ at }) => at) }];
  const told = numbers.flatMap(({ transform, at }, i) =>
    transform.missingIndicator ? [{ at: at + featureWidth(transform) - 1, i }] : [],
  );
  if (told.length === 0) return blocks;
  const indicators = node("Cast", [missing], { to: { int: 1 } });
  const own = build.integers(told.map(({ i }) => i));
  const picked = told.length === numbers.length ? indicators : node("Gather", [indicators, own], { axis: { int: 1 } });
  return [...blocks, { value: picked, places: told.map(({ at }) => at) }];
};

/** Sine and cosine of each cycle of the days since 1970; 0 where they are missing. The phase is computed as `phaseOf` does. */
const encodeCycles = (build: OnnxBuilder, transform: Transform<"datetime">, at: number, days: string): Block[] => {
  const { node, scalar } = build;
  const fraction = (turns: string): string => node("Sub", [turns, node("Floor", [turns])]);
  const double = (value: number): string => scalar(value, "double");
  const phases: Record<DateCycle, () => string> = {
    hour: () => fraction(days),
    weekday: () => fraction(node("Div", [node("Add", [node("Floor", [days]), double(firstWeekday)]), double(7)])),
    year: () => fraction(node("Div", [days, double(daysPerYear)])),
  };
  const missing = node("IsNaN", [days]);
  // The cosine is the sine a quarter of a turn on: not every runtime has one in double precision.
  const sine = (turns: string): string => {
    const value = node("Sin", [node("Mul", [turns, double(2 * Math.PI)])]);
    const known = transform.unlearnt ? node("Mul", [value, double(0)]) : value;
    return node("Cast", [node("Where", [missing, double(0), known])], { to: { int: 1 } });
  };
  return transform.cycles.flatMap((cycle, i) => {
    const phase = phases[cycle]();
    const first = at + 1 + 2 * i;
    return [
      { value: sine(phase), places: [first] },
      { value: sine(node("Add", [phase, double(0.25)])), places: [first + 1] },
    ];
  });
};

/** One input per category; the reference, unseen and unknown texts leave all of them 0, an empty text is a missing one. */
const encodeCategory = (build: OnnxBuilder, transform: Transform<"category">, at: number, input: string): Block => {
  const { categories, missingIndicator } = transform;
  const zeros = new Set([...transform.unseen, transform.reference]);
  const width = featureWidth(transform);
  const seen = [...categories.entries()].filter(([, category]) => !zeros.has(category));
  const none = -1;
  const words = transform.missingWords ?? [];
  const ofMissing = missingIndicator ? width - 1 : none;
  const index = build.node("LabelEncoder", [input], {
    keys_strings: { strings: ["", ...words, ...seen.map(([, category]) => category)] },
    values_int64s: { ints: [ofMissing, ...words.map(() => ofMissing), ...seen.map(([i]) => i)] },
    default_int64: { int: none },
  });
  const places = Array.from({ length: width }, (_, i) => i);
  const equal = build.node("Equal", [index, build.integers(places)]);
  return { value: build.node("Cast", [equal], { to: { int: 1 } }), places: places.map((i) => at + i) };
};

/** Resizing and cutting are linear: a matrix for the rows, and one for the columns. */
const resized = (build: OnnxBuilder, { height, width, crop }: Transform<"image">, pixels: string): string => {
  if (crop === undefined) return pixels;
  const { left, right } = resampleMatrices({ height, width }, crop);
  const rows = build.node("MatMul", [build.constant([crop.height, height], left), pixels]);
  return build.node("MatMul", [rows, build.constant([width, crop.width], right)]);
};

/** (p − mean)/scale of the pixels, as [batch, channels, height, width]. */
const encodePicture = (build: OnnxBuilder, transform: Transform<"image">, input: string): string => {
  const { node } = build;
  const { mean, scale, channels } = transform;
  const each = (values: readonly number[]): string => build.constant([channels, 1, 1], Float32Array.from(values));
  const isReversed = transform.channelOrder === "bgr";
  const inOrder = (values: readonly number[]): readonly number[] => (isReversed ? [...values].reverse() : values);
  const ordered = isReversed ? reversedChannels(build, input) : input;
  const pixels = resized(build, transform, toChannelsFirst(build, node("Cast", [ordered], { to: { int: 1 } })));
  return node("Div", [node("Sub", [pixels, each(inOrder(mean))]), each(inOrder(scale))]);
};

/** Blocks side by side in the order of the model's inputs. */
const arranged = (build: OnnxBuilder, blocks: readonly Block[]): string => {
  const places = blocks.flatMap((block) => block.places);
  const [first] = blocks;
  const values = blocks.map(({ value }) => value);
  const joined = blocks.length === 1 ? first!.value : build.node("Concat", values, { axis: { int: 1 } });
  if (places.every((place, i) => place === i)) return joined;
  const order = new Array<number>(places.length);
  for (const [i, place] of places.entries()) order[place] = i;
  return build.node("Gather", [joined, build.integers(order)], { axis: { int: 1 } });
};

/**
 * The columns of the data set as inputs of the file, each under its own name: numbers are doubles [batch, 1] (NaN where missing), dates seconds since 1970 as
 * doubles, since ONNX reads no dates, categories texts [batch, 1] (empty where missing), images 8-bit pixels [batch, height, width, channels].
 */
export const columnInputs = (build: OnnxBuilder, { features }: Preprocessing): string[] =>
  features.map((transform) =>
    build.input(
      transform.column,
      transform.type === "image"
        ? { type: "uint8", dims: ["batch", transform.height, transform.width, transform.channels] }
        : { type: isScaled(transform) ? "double" : "string", dims: ["batch", 1] },
    ),
  );

/** What prediction makes of the columns. */
export const encodeColumns = (
  build: OnnxBuilder,
  { features }: Preprocessing,
  inputs: readonly string[],
): EncodedColumns => {
  const [only] = features;
  const anyInput = inputs[0]!;
  if (features.length === 1 && only?.type === "image") {
    const { height, width } = only.crop ?? only;
    const size = [height, width, only.channels];
    return { inputs: null, picture: { name: encodePicture(build, only, anyInput), size }, anyInput };
  }
  const numbers: { transform: ScaledTransform; at: number; input: string }[] = [];
  const blocks: Block[] = [];
  let at = 0;
  for (const [i, transform] of features.entries()) {
    const [input, width, start] = [inputs[i]!, featureWidth(transform), at];
    at += width;
    if (transform.type === "number") numbers.push({ transform, at: start, input });
    else if (transform.type === "category") blocks.push(encodeCategory(build, transform, start, input));
    else if (transform.type === "datetime") {
      const days = build.node("Div", [input, build.scalar(secondsPerDay, "double")]);
      numbers.push({ transform, at: start, input: days });
      blocks.push(...encodeCycles(build, transform, start, days));
    } else if (transform.type === "text") throw textRefused(transform.column);
    else {
      const pixels = toChannelsLast(build, encodePicture(build, transform, input));
      const places = Array.from({ length: width }, (_, place) => start + place);
      blocks.push({ value: build.reshape(pixels, [-1, width]), places });
    }
  }
  const all = numbers.length === 0 ? blocks : [...encodeNumbers(build, numbers), ...blocks];
  return { inputs: arranged(build, all), picture: null, anyInput };
};
