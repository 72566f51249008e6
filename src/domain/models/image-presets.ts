import type { ImagePreprocessing, ImagePreset, TensorPort } from "./imported-model.ts";

/** Height, width and channels of an input that is a picture: batch × channels × height × width, or with the channels last. */
export const pictureOf = (port: TensorPort): { height: number; width: number; channels: number } | null => {
  const [batch, a, b, c] = port.shape;
  if (port.shape.length !== 4 || batch !== -1 || a === undefined || b === undefined || c === undefined) return null;
  const isChannels = (size: number): boolean => size === 1 || size === 3;
  if (isChannels(a)) return { channels: a, height: b, width: c };
  return isChannels(c) ? { channels: c, height: a, width: b } : null;
};

/** Pixels 0 … 255 to what the network was trained on. */
const scalings = {
  /** torchvision's: 0 … 1, then by the mean and deviation of ImageNet's channels. */
  imagenet: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  minus_one_to_one: { scale: 1 / 127.5, mean: [1, 1, 1], deviation: [1, 1, 1] },
} as const;

/** A preset for this input: resized so that the centre is 7/8 of the shorter side, as ImageNet's networks are tested. */
export const presetFor = (preset: ImagePreset, port: TensorPort | undefined): ImagePreprocessing | null => {
  const picture = port && pictureOf(port);
  if (preset === "none" || !picture) return null;
  const { height, width, channels } = picture;
  const { scale, mean, deviation } = scalings[preset];
  return {
    shorterSide: Math.round((Math.min(height, width) * 8) / 7),
    height,
    width,
    scale,
    mean: mean.slice(0, channels),
    deviation: deviation.slice(0, channels),
  };
};
