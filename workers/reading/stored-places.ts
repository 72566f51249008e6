import type { StoredPlaces } from "../../src/data/streamed/stored-places.ts";
import type { RingPlan } from "../../src/engine/train/planning/row-sources.ts";
import { digestBytes } from "../../src/engine/train/ring/ring-words.ts";

export type StoredRing = RingPlan & { readonly stored: NonNullable<RingPlan["stored"]> };

/** Where a job's memory tells where its rows stand in the data set's file: the lead writes it, the reader reads it. */
export const storedPlaces = (
  { stored }: StoredRing,
  { buffer }: WebAssembly.Memory,
): Record<keyof StoredRing["stored"], StoredPlaces> => {
  const of = (split: keyof StoredRing["stored"]): StoredPlaces => {
    const { rows, positionsOffset, lengthsOffset, digestsOffset } = stored[split];
    return {
      positions: new Float64Array(buffer, positionsOffset, rows),
      lengths: new Uint32Array(buffer, lengthsOffset, rows),
      digests: new Uint8Array(buffer, digestsOffset, digestBytes * rows),
    };
  };
  return { train: of("train"), validation: of("validation"), test: of("test") };
};
