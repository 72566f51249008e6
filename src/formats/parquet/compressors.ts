import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Compressors } from "hyparquet";
import { compressors as pure } from "hyparquet-compressors";

/** What a page unpacks to is what its header says, or nothing: whatever the bytes say, no more is unpacked than that. */
export const compressors: Compressors = {
  ...pure,
  GZIP: (input, outputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  BROTLI: (input, outputLength) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
};
