import { z } from "zod";

/** A file of the artifact store as it was written, and as a download of it must be. */
export const StoredFile = z
  .object({ bytes: z.int().describe("its size"), sha256: z.string().describe("of the whole file, in hexadecimal") })
  .meta({
    id: "StoredFile",
    description: "A file of the artifact store as it was written, and as a download of it must be.",
  });
