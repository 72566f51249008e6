import type { Readable } from "node:stream";
import { hasZstd, uncompressed } from "../../formats/archives/compressed.ts";

/** The codings under which a file may come, as `Content-Encoding` names them (RFC 9110, 8.4.1). How much comes out is for the reader to limit. */
export const bodyCodings: Readonly<Record<string, (source: Readable) => Readable>> = {
  identity: (source) => source,
  gzip: (source) => uncompressed(source, "gzip"),
  ...(hasZstd ? { zstd: (source: Readable) => uncompressed(source, "zstd") } : {}),
};
