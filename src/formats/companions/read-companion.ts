import type { z } from "zod";
import { parseJsonBytes } from "../../domain/json-bytes.ts";

/** Files of an archive by their paths. */
export type FilesByPath = ReadonlyMap<string, Uint8Array>;

/** A file beside the network, or at the archive's top. */
export const besideNetwork = (files: FilesByPath, folder: string, name: string): Uint8Array | undefined =>
  files.get(`${folder}${name}`) ?? files.get(name);

/** A JSON file that others wrote: what cannot be understood is a warning, not an error. */
export const readCompanion = <T>(
  bytes: Uint8Array,
  name: string,
  schema: z.ZodType<T>,
): { readonly value: T } | { readonly warning: string } => {
  let json: unknown;
  try {
    json = parseJsonBytes(bytes);
  } catch {
    return { warning: `${name} is no JSON; it is left out` };
  }
  const read = schema.safeParse(json);
  if (read.success) return { value: read.data };
  const where = read.error.issues[0]?.path.map(String).join(".") ?? "";
  return { warning: `${name} is not what it usually is${where === "" ? "" : ` (at ${where})`}; it is left out` };
};
