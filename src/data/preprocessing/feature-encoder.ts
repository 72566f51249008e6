import type { FeatureTransform } from "../../domain/models/model.ts";
import { featureWidth } from "./data-shape.ts";

/**
 * Writes one feature's inputs. Training and prediction both go through here, so that the same row gives the same bits.
 * Number columns take a number, or NaN where it is missing; category columns a text, or null.
 */
export type FeatureEncoder =
  | { type: "number"; column: string; width: number; write(out: Float32Array, at: number, value: number): void }
  | {
      type: "category";
      column: string;
      width: number;
      write(out: Float32Array, at: number, value: string | null): void;
    };

type Encoder<Type> = Extract<FeatureEncoder, { type: Type }>;
type NumberTransform = Extract<FeatureTransform, { type: "number" }>;
type CategoryTransform = Extract<FeatureTransform, { type: "category" }>;

/** (x − mean)/scale in f64, rounded once to f32, x held within `clip`; a missing cell is the mean, so 0. */
const createNumberEncoder = (transform: NumberTransform): Encoder<"number"> => {
  const { column, mean, scale, missingIndicator } = transform;
  const { minimum, maximum } = transform.clip ?? {
    minimum: Number.NEGATIVE_INFINITY,
    maximum: Number.POSITIVE_INFINITY,
  };
  return {
    type: "number",
    column,
    width: featureWidth(transform),
    write: (out, at, value) => {
      const missing = Number.isNaN(value);
      out[at] = missing ? 0 : (Math.min(maximum, Math.max(minimum, value)) - mean) / scale;
      if (missingIndicator) out[at + 1] = missing ? 1 : 0;
    },
  };
};

/** One input per category; unseen and unknown ones leave all of them 0. */
const createCategoryEncoder = (transform: CategoryTransform): Encoder<"category"> => {
  const { column, categories, missingIndicator } = transform;
  const width = featureWidth(transform);
  const unseen = new Set(transform.unseen);
  const inputOf = new Map(categories.map((category, i) => [category, i] as const).filter(([c]) => !unseen.has(c)));
  return {
    type: "category",
    column,
    width,
    write: (out, at, value) => {
      out.fill(0, at, at + width);
      const input = value === null ? undefined : inputOf.get(value);
      if (input !== undefined) out[at + input] = 1;
      if (missingIndicator && value === null) out[at + width - 1] = 1;
    },
  };
};

export const createFeatureEncoder = <T extends FeatureTransform>(transform: T): Encoder<T["type"]> =>
  (transform.type === "number" ? createNumberEncoder(transform) : createCategoryEncoder(transform)) as Encoder<
    T["type"]
  >;
