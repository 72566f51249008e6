/** A cut of a product's output into tiles, `rows` × `columns` each (the last of a row or column may be smaller). */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
}

/** FLOPs of a tile below which another tile costs more, in packing an operand anew, than a second thread gains. */
const flopsWorthTile = 12e6;
/** Least length of a tile's cut side: shorter ones fall out of the library's fast kernels. */
const leastSide = 64;
const mostTiles = 8;

/**
 * The tiles of C[m, n] = A[m, k]·B[k, n]: cut across the longer side, so that the smaller operand is packed anew for each tile. Fixed by the shape alone: which
 * thread computes a tile, and how many threads there are, changes no bit of it.
 */
export const tilesOf = (m: number, n: number, k: number): TileShape => {
  const longer = Math.max(m, n);
  const wanted = Math.max(
    1,
    Math.min(mostTiles, Math.floor((2 * m * n * k) / flopsWorthTile), Math.floor(longer / leastSide)),
  );
  const side = Math.ceil(longer / wanted / 16) * 16;
  const count = Math.ceil(longer / side);
  return m >= n ? { rows: side, columns: n, count } : { rows: m, columns: side, count };
};
