const MIB = 1024 ** 2;

/** Of a Parquet file, whatever it says of itself. */
export const parquetLimits = {
  footerBytes: 16 * MIB,
  pageBytes: 64 * MIB,
  pageValues: 4 * MIB,
  /** Values of one column in one row group. */
  chunkValues: 16 * MIB,
  /** Of one column in one row group, as it is stored. */
  chunkBytes: 256 * MIB,
} as const;
