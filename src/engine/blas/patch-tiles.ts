import type { ConvGeometry } from "../kernels/families/convolution.ts";

/** Bytes of a thread's scratch in a plan for BLAS: a tile of patches stays in the second-level cache. */
export const patchBytes = 327680;
const patchFloats = patchBytes / 4;
/** Tiles that a convolution has at least, where it is large enough, so that a team can share it. */
const tilesWanted = 8;
/** Most partial sums of a weight gradient, and most floats in all of them. */
const mostChunks = 8;
const mostPartialFloats = 2 ** 21;
/** Fewer pixels at once than this are not worth a call of BLAS. */
const leastPixels = 16;

/** How a convolution (of one group) is cut for BLAS. Fixed by the shape alone. */
export interface PatchTiles {
  /** Numbers in one patch: taps · channels. */
  readonly depth: number;
  readonly pixels: number;
  /** Output pixels of a tile; the last may be smaller. */
  readonly tilePixels: number;
  readonly tiles: number;
  /** Output rows of one sample that the input gradient spreads at once. */
  readonly tileRows: number;
  /** Tiles of each partial sum of the weight gradient, and how many there are. */
  readonly chunkTiles: number;
  readonly chunks: number;
}

/** Null where the convolution has groups, or a single patch is too large for the scratch. */
export const patchTilesOf = (g: ConvGeometry): PatchTiles | null => {
  const depth = g.kernelHeight * g.kernelWidth * g.channels;
  const pixels = g.batch * g.outHeight * g.outWidth;
  const fitting = Math.floor(patchFloats / depth / leastPixels) * leastPixels;
  const tileRows = Math.min(g.outHeight, Math.floor(patchFloats / (depth * g.outWidth)));
  if (g.groups !== 1 || fitting === 0 || tileRows === 0) return null;
  const share = Math.ceil(pixels / tilesWanted / leastPixels) * leastPixels;
  const tilePixels = Math.min(fitting, share);
  const tiles = Math.ceil(pixels / tilePixels);
  const wanted = Math.max(1, Math.min(mostChunks, tiles, Math.floor(mostPartialFloats / (depth * g.outChannels))));
  const chunkTiles = Math.ceil(tiles / wanted);
  return { depth, pixels, tilePixels, tiles, tileRows, chunkTiles, chunks: Math.ceil(tiles / chunkTiles) };
};
