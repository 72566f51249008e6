import { z } from "zod";

const edges = z.object({
  shortest_edge: z.number().positive().optional(),
  height: z.number().positive().optional(),
  width: z.number().positive().optional(),
});
const size = z.union([z.number().positive(), edges]).nullish();
const flag = z.boolean().nullish();
const numbers = z.union([z.number(), z.array(z.number()).min(1).max(4)]).nullish();

/** Hugging Face's `preprocessor_config.json` of pictures, as its image processors and older feature extractors write it. */
export const ProcessorConfig = z.object({
  do_resize: flag,
  size,
  resample: z.number().nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_center_crop: flag,
  crop_size: size,
  do_rescale: flag,
  rescale_factor: z.number().positive().nullish(),
  rescale_offset: flag,
  do_normalize: flag,
  image_mean: numbers,
  image_std: numbers,
  include_top: flag,
  do_flip_channel_order: flag,
});

const TimmNumbers = z.object({
  input_size: z.tuple([z.number(), z.number(), z.number()]).optional(),
  mean: z.array(z.number()).min(1).max(4).optional(),
  std: z.array(z.number()).min(1).max(4).optional(),
  crop_pct: z.number().positive().max(1).optional(),
  crop_mode: z.string().optional(),
  interpolation: z.string().optional(),
});

/** timm's `config.json`: what it needs of a picture stands in `pretrained_cfg`, or at the top of older ones. */
export const TimmConfig = TimmNumbers.extend({ pretrained_cfg: TimmNumbers.optional() });

export type ProcessorConfig = z.infer<typeof ProcessorConfig>;
export type TimmConfig = z.infer<typeof TimmConfig>;

/** What becomes of a picture, in the words of neither: (scale·pixel − mean)/deviation of red, green, blue, or of grey. */
export interface ToldPicture {
  readonly scale: number;
  readonly mean: number | readonly number[];
  readonly deviation: number | readonly number[];
  readonly channelOrder: "rgb" | "bgr";
  /** Shorter side over the side that is cut out; null: not told. */
  readonly resize: number | null;
  readonly isStretched: boolean;
  /** The side that the file expects, where it tells it. */
  readonly side: number | null;
  /** Bilinear, where nothing else is told. */
  readonly interpolation: string;
}

const filters: readonly string[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

const sideOf = (value: ProcessorConfig["size"]): { side: number; isRectangle: boolean } | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return { side: value, isRectangle: false };
  if (value.shortest_edge !== undefined) return { side: value.shortest_edge, isRectangle: false };
  const { height, width } = value;
  return height === undefined || width === undefined ? null : { side: Math.min(height, width), isRectangle: true };
};

/** How a picture is resized and cut. */
const placeOf = (config: ProcessorConfig): Pick<ToldPicture, "resize" | "isStretched" | "side"> => {
  const resized = sideOf(config.size);
  const crop = sideOf(config.crop_size);
  const isCropped = (config.do_center_crop ?? crop !== null) && crop !== null;
  if (config.do_resize === false || resized === null)
    return { resize: null, isStretched: false, side: isCropped ? crop.side : null };
  const whole = typeof config.size === "number" || resized.isRectangle;
  if (isCropped) return { resize: resized.side / crop.side, isStretched: resized.isRectangle, side: crop.side };
  // ConvNeXt's: small pictures keep a margin that is cut off, large ones are taken whole.
  if (!whole && config.crop_pct && resized.side < 384)
    return {
      resize: Math.floor(resized.side / config.crop_pct) / resized.side,
      isStretched: false,
      side: resized.side,
    };
  return { resize: 1, isStretched: whole || Boolean(config.crop_pct), side: resized.side };
};

const mapped = (values: number | readonly number[], change: (value: number) => number): number | number[] =>
  typeof values === "number" ? change(values) : values.map(change);

/** Null where it normalises by numbers that it does not tell. */
export const toldByProcessor = (config: ProcessorConfig): ToldPicture | null => {
  const normalises = config.do_normalize ?? config.image_mean != null;
  if (normalises && (config.image_mean == null || config.image_std == null)) return null;
  const offset = config.do_rescale !== false && config.rescale_offset ? 1 : 0;
  const mean = normalises ? config.image_mean! : 0;
  const deviation = normalises ? config.image_std! : 1;
  return {
    scale: config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255),
    mean: mapped(mean, (value) => value + offset),
    // EfficientNet's processor divides once more for the classifier.
    deviation: config.include_top && normalises ? mapped(deviation, (value) => value * value) : deviation,
    channelOrder: config.do_flip_channel_order ? "bgr" : "rgb",
    ...placeOf(config),
    interpolation: filters[config.resample ?? 2] ?? "bilinear",
  };
};

/** Null where it tells no mean and deviation. */
export const toldByTimm = (config: TimmConfig): ToldPicture | null => {
  const own = config.pretrained_cfg ?? config;
  const { mean, std, input_size: input, crop_pct: share = 0.875, crop_mode: mode, interpolation } = own;
  if (mean === undefined || std === undefined) return null;
  const side = input === undefined ? null : Math.min(input[1], input[2]);
  return {
    ...{ scale: 1 / 255, mean, deviation: std, channelOrder: "rgb", side },
    resize: side === null ? 1 / share : Math.floor(side / share) / side,
    isStretched: mode === "squash",
    interpolation: interpolation ?? "bilinear",
  };
};
