import { resampleMatrices } from "../data/images/resample.ts";
import { featureWidth } from "../data/preprocessing/data-shape.ts";
import type { FeatureTransform, Preprocessing } from "../domain/models/model.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";
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

interface Block {
  /** [batch, width] */
  readonly value: string;
  /** Where each of its columns stands among the model's inputs. */
  readonly places: readonly number[];
}

/** (x − mean)/scale in double precision, rounded once, x held within the clip; what is missing (NaN) is the mean, so 0, and its indicator 1. */
const encodeNumbers = (
  build: OnnxBuilder,
  numbers: readonly { transform: Transform<"number">; at: number; input: string }[],
): Block[] => {
  const { node } = build;
  const row = (of: (transform: Transform<"number">) => number): string =>
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
  const standard = node("Div", [node("Sub", [value, row(({ mean }) => mean)]), row(({ scale }) => scale)]);
  const known = node("Where", [missing, build.scalar(0, "double"), standard]);
  const blocks: Block[] = [{ value: node("Cast", [known], { to: { int: 1 } }), places: numbers.map(({ at }) => at) }];
  const told = numbers.flatMap(({ transform, at }, i) => (transform.missingIndicator ? [{ at: at + 1, i }] : []));
  if (told.length === 0) return blocks;
  const indicators = node("Cast", [missing], { to: { int: 1 } });
  const own = build.integers(told.map(({ i }) => i));
  const picked = told.length === numbers.length ? indicators : node("Gather", [indicators, own], { axis: { int: 1 } });
  return [...blocks, { value: picked, places: told.map(({ at }) => at) }];
};

/** One input per category; unseen and unknown texts leave all of them 0, an empty text is a missing one. */
const encodeCategory = (build: OnnxBuilder, transform: Transform<"category">, at: number, input: string): Block => {
  const { categories, missingIndicator } = transform;
  const unseen = new Set(transform.unseen);
  const width = featureWidth(transform);
  const seen = [...categories.entries()].filter(([, category]) => !unseen.has(category));
  const none = -1;
  const index = build.node("LabelEncoder", [input], {
    keys_strings: { strings: ["", ...seen.map(([, category]) => category)] },
    values_int64s: { ints: [missingIndicator ? width - 1 : none, ...seen.map(([i]) => i)] },
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
 * The columns of the data set as inputs of the file, each under its own name, and what prediction makes of them: numbers are doubles [batch, 1] (NaN where
 * missing), categories texts [batch, 1] (empty where missing), images 8-bit pixels [batch, height, width, channels].
 */
export const encodeColumns = (build: OnnxBuilder, { features }: Preprocessing): EncodedColumns => {
  const inputs = features.map((transform) =>
    build.input(
      transform.column,
      transform.type === "image"
        ? { type: "uint8", dims: ["batch", transform.height, transform.width, transform.channels] }
        : { type: transform.type === "number" ? "double" : "string", dims: ["batch", 1] },
    ),
  );
  const [only] = features;
  const anyInput = inputs[0]!;
  if (features.length === 1 && only?.type === "image") {
    const { height, width } = only.crop ?? only;
    const size = [height, width, only.channels];
    return { inputs: null, picture: { name: encodePicture(build, only, anyInput), size }, anyInput };
  }
  const numbers: { transform: Transform<"number">; at: number; input: string }[] = [];
  const blocks: Block[] = [];
  let at = 0;
  for (const [i, transform] of features.entries()) {
    const [input, width, start] = [inputs[i]!, featureWidth(transform), at];
    at += width;
    if (transform.type === "number") numbers.push({ transform, at: start, input });
    else if (transform.type === "category") blocks.push(encodeCategory(build, transform, start, input));
    else {
      const pixels = toChannelsLast(build, encodePicture(build, transform, input));
      const places = Array.from({ length: width }, (_, place) => start + place);
      blocks.push({ value: build.reshape(pixels, [-1, width]), places });
    }
  }
  const all = numbers.length === 0 ? blocks : [...encodeNumbers(build, numbers), ...blocks];
  return { inputs: arranged(build, all), picture: null, anyInput };
};
