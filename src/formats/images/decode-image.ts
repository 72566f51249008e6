import type sharpModule from "sharp";
import { ServiceError } from "../../domain/errors.ts";

/** What every picture becomes: rows of pixels from the top, each of `channels` bytes. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
  /** 3: red, green, blue (sRGB); 1: grey. */
  readonly channels: number;
  /** Of the picture after it is scaled, before its centre is cut out. */
  readonly shorterSide: number;
  /** As torchvision resizes: bilinear, every pixel counting where it shrinks, and a picture that has the size of the centre already no less. */
  readonly likeTorchvision?: true;
  /** Both sides are scaled, whatever the picture's proportions: the shorter one of the centre to `shorterSide`. */
  readonly stretch?: true;
}

export type DecodedImage = { readonly pixels: Uint8Array } | { readonly problem: string };

/** Decodes a picture of a file; what is wrong with it is an answer, not an error. */
export type DecodeImage = (file: Uint8Array, size: ImageSize) => Promise<DecodedImage>;

const starts = (file: Uint8Array, bytes: readonly number[], at = 0): boolean =>
  bytes.every((byte, i) => file[at + i] === byte);

/** By its first bytes: the decoders of other formats are never given anything. */
export const isImage = (file: Uint8Array): boolean =>
  starts(file, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) || // PNG
  starts(file, [0xff, 0xd8, 0xff]) || // JPEG
  (starts(file, [0x52, 0x49, 0x46, 0x46]) && starts(file, [0x57, 0x45, 0x42, 0x50], 8)); // WebP

type Sharp = typeof sharpModule;

/** Loaded when the first picture comes: who has none needs no image library. */
const loadSharp = async (): Promise<Sharp> => {
  try {
    const { default: sharp } = await import("sharp");
    // One picture on one thread at a time, and nothing kept of it.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (cause) {
    throw new ServiceError("unavailable", "this machine cannot decode images: sharp could not be loaded", { cause });
  }
};

const largeSide = 65_535;

/** Where a picture is scaled to, and what is cut out of it; null: it is taken as it is. */
const placeOf = (
  { height, width, shorterSide, likeTorchvision, stretch }: ImageSize,
  full: { height: number; width: number },
) => {
  if (likeTorchvision === undefined && full.width === width && full.height === height) return null;
  const scale = shorterSide / Math.min(full.width, full.height);
  const round = likeTorchvision ? Math.floor : Math.round;
  const scaledTo = (side: number, least: number): number => Math.max(least, round(side * scale + 1e-9));
  const grown = shorterSide / Math.min(height, width);
  const scaledWidth = stretch ? Math.round(width * grown) : scaledTo(full.width, width);
  const scaledHeight = stretch ? Math.round(height * grown) : scaledTo(full.height, height);
  return {
    ...{ scaledWidth, scaledHeight },
    centre: {
      left: Math.floor((scaledWidth - width) / 2),
      top: Math.floor((scaledHeight - height) / 2),
      ...{ width, height },
    },
  };
};

/** Scales an image and cuts it. */
const toPixels = async (
  whole: ReturnType<Sharp>,
  size: ImageSize,
  full: { height: number; width: number },
): Promise<DecodedImage> => {
  const { height, width, channels } = size;
  const place = placeOf(size, full);
  let image = whole;
  if (place !== null) {
    const { scaledWidth, scaledHeight, centre } = place;
    if (Math.max(scaledWidth, scaledHeight) > largeSide) return { problem: "it is too long for its height" };
    const kernel = size.likeTorchvision ? { kernel: "linear" as const, fastShrinkOnLoad: false } : {};
    image = image.resize(scaledWidth, scaledHeight, { fit: "fill", ...kernel }).extract(centre);
  }
  const { data, info } = await image
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (data.length !== height * width * channels)
    return { problem: `it decodes to ${info.width} × ${info.height} × ${info.channels} numbers` };
  return { pixels: new Uint8Array(data) };
};

/** Pixels of one size in another, as a picture of them would be decoded. */
export const resizePixels = async (
  pixels: Uint8Array,
  { height, width, channels }: Omit<ImageSize, "shorterSide">,
  size: ImageSize,
): Promise<DecodedImage> => {
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels === 1 ? (1 as const) : (3 as const) };
  return toPixels(sharp(pixels, { raw }), size, { height, width });
};

/**
 * A decoder of PNG, JPEG and WebP: upright (EXIF), 8 bits, sRGB or grey, what is transparent on white; scaled so that the shorter side is
 * `shorterSide`, then the centre of the stated size. A picture that has this size already is taken as it is.
 * @param mostPixels of a picture as its header states it: more is a problem before anything is decoded
 */
export const createImageDecoder = (mostPixels: number): DecodeImage => {
  let loading: Promise<Sharp> | null = null;
  return async (file, size) => {
    if (!isImage(file)) return { problem: "it is no PNG, JPEG or WebP image" };
    loading ??= loadSharp();
    const sharp = await loading;
    const options = { limitInputPixels: mostPixels, failOn: "error" as const, sequentialRead: true };
    try {
      const { autoOrient } = await sharp(file, options).metadata();
      const { width: fullWidth, height: fullHeight } = autoOrient;
      if (fullWidth * fullHeight > mostPixels)
        return { problem: `it has ${fullWidth} × ${fullHeight} pixels; at most ${mostPixels} are allowed` };
      const image = sharp(file, options).autoOrient().flatten({ background: "#ffffff" });
      return await toPixels(image, size, { height: fullHeight, width: fullWidth });
    } catch (error) {
      return { problem: error instanceof Error ? (error.message.split("\n")[0] ?? "").slice(0, 200) : "it is damaged" };
    }
  };
};

/** Pixels as a PNG file, without loss. */
export const encodePng = async (
  pixels: Uint8Array,
  { height, width, channels }: Omit<ImageSize, "shorterSide">,
): Promise<Buffer> => {
  const sharp = await loadSharp();
  return sharp(pixels, { raw: { width, height, channels: channels === 1 ? 1 : 3 } })
    .png()
    .toBuffer();
};
