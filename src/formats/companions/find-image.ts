import { ImagePreprocessing } from "../../domain/models/image-preprocessing.ts";
import { pictureOf } from "../../domain/models/image-presets.ts";
import type { TensorPort } from "../../domain/models/imported-model.ts";
import type { Companions } from "./find-labels.ts";
import { ProcessorConfig, TimmConfig, type ToldPicture, toldByProcessor, toldByTimm } from "./processor-config.ts";
import { besideNetwork, readCompanion } from "./read-companion.ts";

export interface FoundImage {
  readonly image: ImagePreprocessing | null;
  readonly found: readonly string[];
  readonly warnings: readonly string[];
}

type Picture = NonNullable<ReturnType<typeof pictureOf>>;

const bilinear = new Set(["bilinear", "linear"]);

/** In the record's words, for this input; null with a warning where it cannot be. */
const imageOf = (told: ToldPicture, picture: Picture, from: string): Omit<FoundImage, "found"> => {
  const { height, width, channels } = picture;
  const each = (value: number | readonly number[]): number[] =>
    typeof value === "number" ? new Array<number>(channels).fill(value) : [...value];
  const [mean, deviation] = [each(told.mean), each(told.deviation)];
  const isFlipped = told.channelOrder === "bgr" && channels === 3;
  if (mean.length !== channels || deviation.length !== channels) {
    const detail = `${from} has numbers for ${mean.length} channels, and the network's pictures ${channels}; it is left out`;
    return { image: null, warnings: [detail] };
  }
  const side = Math.min(height, width);
  const image = ImagePreprocessing.safeParse({
    shorterSide: Math.max(side, Math.round(side * (told.resize ?? 1))),
    ...{ height, width, scale: told.scale },
    mean: isFlipped ? mean.reverse() : mean,
    deviation: isFlipped ? deviation.reverse() : deviation,
    ...(isFlipped ? { channelOrder: "bgr" } : {}),
    ...(told.isStretched ? { fit: "stretch" } : {}),
  });
  if (!image.success) return { image: null, warnings: [`${from} has numbers that cannot be; it is left out`] };
  const warnings: string[] = [];
  if (told.side !== null && told.side !== side)
    warnings.push(
      `${from} is for pictures of ${told.side} pixels; they are resized in proportion for the network's ${side}`,
    );
  if (!bilinear.has(told.interpolation))
    warnings.push(
      `${from} resizes pictures ${told.interpolation}; here it is bilinear, and answers may differ a little`,
    );
  return { image: image.data, warnings };
};

const ranges: Readonly<Record<string, Pick<ToldPicture, "scale" | "mean">>> = {
  nominalrange_0_255: { scale: 1, mean: 0 },
  normalized_0_1: { scale: 1 / 255, mean: 0 },
  normalized_1_1: { scale: 1 / 127.5, mean: 1 },
  nominalrange_16_235: { scale: 219 / 255, mean: -16 },
};

/** ONNX's own metadata of pictures; keys and values in any case. */
const ofOnnx = (metadata: ReadonlyMap<string, string>): { told: ToldPicture | null; warnings: string[] } => {
  const entries = new Map([...metadata].map(([key, value]) => [key.toLowerCase(), value.trim().toLowerCase()]));
  const [format, range] = [entries.get("image.bitmappixelformat"), entries.get("image.nominalpixelrange")];
  if (format === undefined && range === undefined) return { told: null, warnings: [] };
  const numbers = ranges[range ?? "nominalrange_0_255"];
  if (numbers === undefined)
    return {
      told: null,
      warnings: [`the file's Image.NominalPixelRange ${JSON.stringify(range)} is not known; it is left out`],
    };
  const warnings = entries.get("image.colorspacegamma") === "linear" ? [linear] : [];
  const told: ToldPicture = {
    ...{ ...numbers, deviation: 1, resize: 1, isStretched: false, side: null, interpolation: "bilinear" },
    channelOrder: format?.startsWith("bgr") ? "bgr" : "rgb",
  };
  return { told, warnings };
};

const linear =
  "the file wants pixels of linear light (Image.ColorSpaceGamma); pictures are given to it as sRGB, and answers may differ";

/** As a file of this service has it. */
const ofDescent = (
  metadata: ReadonlyMap<string, string>,
  { height, width, channels }: Picture,
): ImagePreprocessing | null => {
  const text = metadata.get("descent.image");
  if (text === undefined) return null;
  try {
    const image = ImagePreprocessing.parse(JSON.parse(text));
    const fits = image.height === height && image.width === width && image.mean.length === channels;
    return fits ? image : null;
  } catch {
    // Of earlier versions, or of others: it says nothing of scaling.
    return null;
  }
};

const configs: readonly { name: string; read(bytes: Uint8Array): ToldPicture | { warning: string } | null }[] = [
  {
    name: "preprocessor_config.json",
    read: (bytes) => {
      const read = readCompanion(bytes, "preprocessor_config.json", ProcessorConfig);
      if ("warning" in read) return read;
      const warning = "preprocessor_config.json normalises pictures by numbers that it does not have; it is left out";
      return toldByProcessor(read.value) ?? { warning };
    },
  },
  {
    name: "config.json",
    read: (bytes) => {
      const read = readCompanion(bytes, "config.json", TimmConfig);
      // Other programs' files of this name may hold anything.
      return "warning" in read ? null : toldByTimm(read.value);
    },
  },
];

/** What pictures become before the network sees them, as its file or those beside it say; what cannot be followed is told. */
export const findImage = (companions: Companions, port: TensorPort | undefined): FoundImage => {
  const picture = port && pictureOf(port);
  if (!picture) return { image: null, found: [], warnings: [] };
  const warnings: string[] = [];
  const taken = (image: ImagePreprocessing, from: string): FoundImage => ({
    ...{ image, warnings },
    found: [`preprocessing of pictures: in ${from}; state it to change it`],
  });
  const take = (told: ToldPicture | null, from: string): FoundImage | null => {
    if (told === null) return null;
    const read = imageOf(told, picture, from);
    warnings.push(...read.warnings);
    return read.image === null ? null : taken(read.image, from);
  };
  const own = ofDescent(companions.metadata, picture);
  if (own !== null) return taken(own, "the file's metadata (descent.image)");
  for (const { name, read } of configs) {
    const bytes = besideNetwork(companions.files, companions.folder, name);
    if (bytes === undefined) continue;
    const told = read(bytes);
    if (told !== null && "warning" in told) warnings.push(told.warning);
    else {
      const image = take(told, name);
      if (image !== null) return image;
    }
  }
  const onnx = ofOnnx(companions.metadata);
  warnings.push(...onnx.warnings);
  return take(onnx.told, "the file's metadata (Image.*)") ?? { image: null, found: [], warnings };
};
