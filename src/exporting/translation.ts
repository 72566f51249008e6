import { assert } from "../domain/errors.ts";
import type { Value } from "../engine/graph/graph.ts";
import { type Shape, sameShape } from "../engine/tensor/shape.ts";
import type { OnnxBuilder } from "../formats/onnx/writing/onnx-builder.ts";

/**
 * The batch's rows while a model is traced for its file, where they may be any number: a prime above every size that a layer has, so that a size which it
 * divides counts rows.
 */
export const batchRows = 16_777_213;

/** A size of the file: −1 for what counts rows. */
const fileSize = (size: number): number => (size % batchRows === 0 ? -1 : size);

export const fileDims = (shape: Shape): number[] => {
  const dims = shape.map(fileSize);
  assert(dims.filter((size) => size === -1).length <= 1, "one axis at most counts rows");
  return dims;
};

/**
 * A value of the engine's graph as the file has it: in the engine's order of axes, and, of a picture [batch, height, width, channels], with the channels
 * before height and width, as ONNX has them. What is not there is made when it is first needed.
 */
interface Held {
  plain?: string;
  channelsFirst?: string;
  /** Of an input whose rows are pictures: the picture, channels first, and its height, width and channels. */
  picture?: { readonly name: string; readonly size: Shape };
}

export interface Translation {
  readonly build: OnnxBuilder;
  /** A first input of the file, whose first size is the batch. */
  readonly anyInput: string;
  plain(value: Value): string;
  channelsFirst(value: Value): string;
  /** Whether the file has it with the channels first already. */
  isChannelsFirst(value: Value): boolean;
  /** Takes the picture that `from` is for this view of it; false if it is none of this size. */
  takePicture(from: Value, view: Value): boolean;
  hold(value: Value, held: Held): void;
  /** Numbers of a tensor that the model owns. */
  tensor(value: Value): Float32Array;
  isTensor(value: Value): boolean;
}

export const toChannelsFirst = (build: OnnxBuilder, x: string): string =>
  build.node("Transpose", [x], { perm: { ints: [0, 3, 1, 2] } });

export const toChannelsLast = (build: OnnxBuilder, x: string): string =>
  build.node("Transpose", [x], { perm: { ints: [0, 2, 3, 1] } });

/** Red, green, blue to blue, green, red: of pixels [batch, height, width, 3]. */
export const reversedChannels = (build: OnnxBuilder, pixels: string): string =>
  build.node("Gather", [pixels, build.integers([2, 1, 0])], { axis: { int: 3 } });

/** @param weights of the model, by name */
export const createTranslation = (
  build: OnnxBuilder,
  anyInput: string,
  weights: ReadonlyMap<string, Float32Array>,
): Translation => {
  const held = new Map<number, Held>();
  const leafName = (value: Value): string | null => (value.source.kind === "leaf" ? value.source.name : null);
  const tensor = (value: Value): Float32Array => {
    const data = weights.get(leafName(value) ?? "");
    assert(data !== undefined, `the weights of ${leafName(value)} are there`);
    return data;
  };
  const own = (value: Value): Held => {
    const known = held.get(value.id);
    if (known !== undefined) return known;
    const name = leafName(value);
    assert(name !== null, "values are translated before those that need them");
    const constant = value.graph.constants.get(name);
    const data = constant === undefined ? tensor(value) : Float32Array.from(constant.values);
    const made: Held = { plain: build.constant(value.shape, data, constant === undefined ? name : "constant") };
    held.set(value.id, made);
    return made;
  };
  return {
    build,
    anyInput,
    tensor,
    isTensor: (value) => weights.has(leafName(value) ?? ""),
    hold: (value, made) => void held.set(value.id, { ...held.get(value.id), ...made }),
    isChannelsFirst: (value) => held.get(value.id)?.channelsFirst !== undefined,
    takePicture: (from, view) => {
      const { picture } = held.get(from.id) ?? {};
      if (picture === undefined || !sameShape(picture.size, view.shape.slice(1))) return false;
      held.set(view.id, { channelsFirst: picture.name });
      return true;
    },
    plain: (value) => {
      const at = own(value);
      at.plain ??= toChannelsLast(build, at.channelsFirst ?? at.picture!.name);
      if (at.picture !== undefined) at.plain = build.reshape(at.plain, fileDims(value.shape));
      return at.plain;
    },
    channelsFirst: (value) => {
      const at = own(value);
      at.channelsFirst ??= toChannelsFirst(build, at.plain!);
      return at.channelsFirst;
    },
  };
};

/** Sizes as a value of the file, for operators that do not take −1: rows are counted when the model runs. */
export const runtimeDims = ({ build, anyInput }: Translation, dims: Shape): string => {
  if (fileDims(dims).every((size) => size !== -1)) return build.integers(dims);
  const rows = build.node("Slice", [build.node("Shape", [anyInput]), build.integers([0]), build.integers([1])]);
  const parts = dims.map((size) => {
    if (size % batchRows !== 0) return build.integers([size]);
    return size === batchRows ? rows : build.node("Mul", [rows, build.integers([size / batchRows])]);
  });
  return build.node("Concat", parts, { axis: { int: 0 } });
};
