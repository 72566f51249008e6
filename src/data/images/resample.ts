import { resizedTo } from "../../domain/jobs/spec/preprocessing-spec.ts";

/** One output pixel along an axis: the weights of the input pixels from `first` on; their sum is 1. */
interface Tap {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * Taps of the triangle filter (bilinear; where the picture shrinks its width grows along, so that every pixel counts, as Pillow's and torchvision's resizing
 * with antialiasing do): output i of `out` pixels over `size` lies at (i + ½)·size/out.
 */
const tapsOf = (size: number, out: number, from: number, count: number): readonly Tap[] => {
  const scale = size / out;
  const reach = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    const centre = (from + i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(size, Math.floor(centre + reach + 0.5));
    const weights = Float64Array.from({ length: Math.max(1, end - first) }, (__, j) =>
      Math.max(0, 1 - Math.abs((first + j + 0.5 - centre) / reach)),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: sum === 0 ? Float64Array.of(1) : weights.map((weight) => weight / sum) };
  });
};

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Writes the resized and cut image, rows of pixels from the top, not rounded. */
export type Resample = (pixels: Uint8Array, out: Float64Array) => void;

const placed = ({ height, width }: Size, crop: Size & { readonly shorterSide: number }) => {
  const whole = resizedTo({ height, width }, crop.shorterSide);
  return {
    rows: tapsOf(height, whole.height, Math.floor((whole.height - crop.height) / 2), crop.height),
    columns: tapsOf(width, whole.width, Math.floor((whole.width - crop.width) / 2), crop.width),
  };
};

/** The same as two matrices: rows [crop.height, height] from the left, and columns [width, crop.width] from the right. */
export const resampleMatrices = (size: Size, crop: Size & { readonly shorterSide: number }) => {
  const { rows, columns } = placed(size, crop);
  const left = new Float32Array(crop.height * size.height);
  const right = new Float32Array(size.width * crop.width);
  for (const [y, { first, weights }] of rows.entries())
    for (const [j, weight] of weights.entries()) left[y * size.height + first + j] = weight;
  for (const [x, { first, weights }] of columns.entries())
    for (const [j, weight] of weights.entries()) right[(first + j) * crop.width + x] = weight;
  return { left, right };
};

/** Resizes images of one size until the shorter side is `shorterSide`, and cuts out the centre. Exact arithmetic in f64, in one order. */
export const createResample = (
  { height, width, channels }: Size & { readonly channels: number },
  crop: Size & { readonly shorterSide: number },
): Resample => {
  const { rows, columns } = placed({ height, width }, crop);
  const firstRow = Math.min(...rows.map(({ first }) => first));
  const lastRow = Math.max(...rows.map(({ first, weights }) => first + weights.length));
  const line = crop.width * channels;
  const between = new Float64Array((lastRow - firstRow) * line);
  return (pixels, out) => {
    for (let y = firstRow; y < lastRow; y++) {
      const [from, to] = [y * width * channels, (y - firstRow) * line];
      for (let x = 0; x < crop.width; x++) {
        const { first, weights } = columns[x]!;
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let j = 0; j < weights.length; j++) sum += weights[j]! * pixels[from + (first + j) * channels + c]!;
          between[to + x * channels + c] = sum;
        }
      }
    }
    for (let y = 0; y < crop.height; y++) {
      const { first, weights } = rows[y]!;
      for (let i = 0; i < line; i++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++) sum += weights[j]! * between[(first - firstRow + j) * line + i]!;
        out[y * line + i] = sum;
      }
    }
  };
};
