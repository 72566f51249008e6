import { invalidAt } from "../errors.ts";
import type { ImagePreprocessing, ImagePreset, StatedPreprocessing } from "./image-preprocessing.ts";
import type { TensorPort } from "./imported-model.ts";

interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Height, width and channels of an input that is a picture: batch × channels × height × width, or with the channels last. */
export const pictureOf = (port: TensorPort): Picture | null => {
  const [batch, a, b, c] = port.shape;
  if (port.shape.length !== 4 || batch !== -1 || a === undefined || b === undefined || c === undefined) return null;
  const isChannels = (size: number): boolean => size === 1 || size === 3;
  if (isChannels(a)) return { channels: a, height: b, width: c };
  return isChannels(c) ? { channels: c, height: a, width: b } : null;
};

/** Pixels 0 … 255 to what the network was trained on: red, green, blue. */
const scalings = {
  /** torchvision's: 0 … 1, then by the mean and deviation of ImageNet's channels. */
  imagenet: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  unit: { scale: 1 / 255, mean: [0, 0, 0], deviation: [1, 1, 1] },
  minus_one_to_one: { scale: 1 / 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] },
} as const;

/** So that the centre is 7/8 of the shorter side, as ImageNet's networks are tested. */
const usualShorterSide = ({ height, width }: Picture): number => Math.round((Math.min(height, width) * 8) / 7);

const requireFit = (stated: StatedPreprocessing, picture: Picture, at: string): void => {
  const { height, width, channels } = picture;
  for (const part of ["mean", "deviation"] as const) {
    const values = stated[part];
    if (values !== undefined && values.length !== channels)
      throw invalidAt(`${at}/${part}`, `has ${values.length} numbers, and the network's pictures ${channels} channels`);
  }
  if (stated.channelOrder === "bgr" && channels !== 3)
    throw invalidAt(`${at}/channelOrder`, "the network's pictures are grey; leave it out");
  const crop = typeof stated.crop === "number" ? { height: stated.crop, width: stated.crop } : stated.crop;
  if (crop !== undefined && (crop.height !== height || crop.width !== width)) {
    const detail = `the network takes ${height} × ${width} pixels, and cannot be given ${crop.height} × ${crop.width}; leave it out`;
    throw invalidAt(`${at}/crop`, detail);
  }
  if (stated.shorterSide !== undefined && stated.shorterSide < Math.min(height, width)) {
    const detail = `${height} × ${width} pixels cannot be cut out of a picture of ${stated.shorterSide}; state ${Math.min(height, width)} at least`;
    throw invalidAt(`${at}/shorterSide`, detail);
  }
  const named = stated.preset === undefined ? null : (["scale", "mean", "deviation"] as const);
  const twice = named?.find((part) => stated[part] !== undefined);
  if (twice !== undefined)
    throw invalidAt(`${at}/${twice}`, `the preset ${stated.preset} says it already; leave one of them out`);
};

/** Of each channel, in the network's order. */
const scalingOf = (
  { preset, channelOrder, scale = 1 / 255, mean, deviation }: StatedPreprocessing,
  channels: number,
): Pick<ImagePreprocessing, "scale" | "mean" | "deviation"> => {
  const each = (value: number): number[] => new Array<number>(channels).fill(value);
  if (preset === undefined) return { scale, mean: mean ?? each(0), deviation: deviation ?? each(1) };
  const own = scalings[preset];
  const ordered = (values: readonly number[]): number[] => {
    const kept = values.slice(0, channels);
    return channelOrder === "bgr" ? kept.reverse() : kept;
  };
  return { scale: own.scale, mean: ordered(own.mean), deviation: ordered(own.deviation) };
};

/**
 * What is stated, of this input. `invalid` with a pointer below `at` where it does not fit.
 * @param port null where the network takes no picture
 */
export const preprocessingFor = (
  stated: ImagePreset | StatedPreprocessing,
  port: TensorPort | undefined,
  at: string,
): ImagePreprocessing | null => {
  if (stated === "none") return null;
  const parts = typeof stated === "string" ? { preset: stated } : stated;
  const picture = port && pictureOf(port);
  if (!picture) {
    // By name it has always been passed over.
    if (typeof stated === "string") return null;
    throw invalidAt(
      at,
      `the network takes ${port?.shape.slice(1).join(" × ") ?? "nothing"}, which is no picture; leave it out`,
    );
  }
  requireFit(parts, picture, at);
  const { height, width, channels } = picture;
  const isStretched = parts.fit === "stretch";
  return {
    shorterSide: parts.shorterSide ?? (isStretched ? Math.min(height, width) : usualShorterSide(picture)),
    ...{ height, width },
    ...scalingOf(parts, channels),
    ...(parts.channelOrder === "bgr" ? { channelOrder: "bgr" as const } : {}),
    ...(isStretched ? { fit: "stretch" as const } : {}),
  };
};
