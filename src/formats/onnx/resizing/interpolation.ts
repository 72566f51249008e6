/** From which places of an axis each place of the resized one comes, and with which weights: every mode of ONNX's Resize is one matrix an axis. */

export type CoordinateMode =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "align_corners"
  | "asymmetric"
  | "tf_half_pixel_for_nn";

/** `simple`: what opset 10 does: up where it shrinks, down where it grows. */
export type NearestMode = "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil" | "simple";

export interface Interpolation {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly coordinates: CoordinateMode;
  readonly nearest: NearestMode;
  /** Keys' a (1981). */
  readonly cubic: number;
  /** Weights of places outside are dropped and the rest made to add up to one; else the edge stands for them. */
  readonly excludeOutside: boolean;
  /** Where it shrinks the filter widens, so that every place counts. */
  readonly antialias: boolean;
}

export interface ResizedAxis {
  readonly size: number;
  readonly out: number;
  /** As stated, in single precision; out/size where the size was. */
  readonly scale: number;
}

export interface Tap {
  readonly at: number;
  readonly weight: number;
}

const single = Math.fround;

/** Where place i of the resized axis lies on the old one; step by step in single precision, as the scale is, so that ties fall as they do elsewhere. */
const placeOf = (i: number, { size, out, scale }: ResizedAxis, mode: CoordinateMode): number => {
  const halfPixel = single(single((i + 0.5) / scale) - 0.5);
  switch (mode) {
    case "half_pixel":
      return halfPixel;
    case "half_pixel_symmetric": {
      const adjustment = out / single(scale * size);
      return (size / 2) * (1 - adjustment) + halfPixel;
    }
    case "pytorch_half_pixel":
      return out > 1 ? halfPixel : 0;
    case "align_corners":
      return out === 1 ? 0 : single((i * (size - 1)) / (out - 1));
    case "asymmetric":
      return single(i / scale);
    case "tf_half_pixel_for_nn":
      return single((i + 0.5) / scale);
  }
};

const nearestOf = (place: number, mode: NearestMode, shrinks: boolean): number => {
  switch (mode) {
    case "round_prefer_floor":
      return Math.ceil(place - 0.5);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    case "simple":
      return shrinks ? Math.ceil(place) : Math.floor(place);
  }
};

/** The filters at distance d: a triangle; Keys' cubic convolution. */
const filters = {
  linear: { reach: 1, weight: (d: number): number => Math.max(0, 1 - d) },
  cubic: {
    reach: 2,
    weight: (d: number, a: number): number => {
      if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
    },
  },
} as const;

const within = (at: number, size: number): number => Math.min(size - 1, Math.max(0, at));

const filtered = (place: number, axis: ResizedAxis, how: Interpolation, mode: "linear" | "cubic"): Tap[] => {
  const { reach, weight } = filters[mode];
  const narrowing = how.antialias ? Math.min(1, axis.scale) : 1;
  const first = Math.floor(place - reach / narrowing) + 1;
  const last = Math.max(first, Math.ceil(place + reach / narrowing) - 1);
  const taps = Array.from({ length: last - first + 1 }, (_, i) => ({
    at: first + i,
    weight: weight(Math.abs(first + i - place) * narrowing, how.cubic),
  }));
  const kept = how.excludeOutside ? taps.filter(({ at }) => at >= 0 && at < axis.size) : taps;
  const sum = kept.reduce((total, tap) => total + tap.weight, 0);
  const whole = how.excludeOutside || narrowing < 1 ? sum : 1;
  return kept.map((tap) => ({ at: within(tap.at, axis.size), weight: tap.weight / whole }));
};

/** The taps of each place of the resized axis. */
export const tapsAlong = (axis: ResizedAxis, how: Interpolation): Tap[][] =>
  Array.from({ length: axis.out }, (_, i) => {
    const place = placeOf(i, axis, how.coordinates);
    if (how.mode !== "nearest") return filtered(place, axis, how, how.mode);
    return [{ at: within(nearestOf(place, how.nearest, axis.scale < 1), axis.size), weight: 1 }];
  });

/** How often each entry stands in a row, if that is all that happens: 1, 1, 2, 2, … is 2. */
export const repetitionOf = (taps: readonly (readonly Tap[])[], size: number): number | null => {
  const times = taps.length / size;
  if (!Number.isInteger(times)) return null;
  const isRepeated = taps.every(
    (own, i) => own.length === 1 && own[0]!.at === Math.floor(i / times) && own[0]!.weight === 1,
  );
  return isRepeated ? times : null;
};

/** [size, out]: what a row is multiplied with. */
export const matrixOf = (taps: readonly (readonly Tap[])[], size: number): Float32Array => {
  const matrix = new Float64Array(size * taps.length);
  for (const [i, own] of taps.entries()) for (const { at, weight } of own) matrix[at * taps.length + i]! += weight;
  return Float32Array.from(matrix);
};
