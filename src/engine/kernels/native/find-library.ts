import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A compiled library that may be loaded, or why there is none, as the end of a sentence. */
export type Found = { readonly path: string; readonly sha256: string } | { readonly reason: string };

const defaultFolder = fileURLToPath(new URL("./compiled/", import.meta.url));

/** Why this file or folder is not trusted: someone else than its user, the system's administrator or the user's own group may write it. */
const doubtAbout = async (path: string): Promise<string | null> => {
  const { uid, gid, mode } = await stat(path);
  const [me, myGroup] = [process.getuid?.(), process.getgid?.()];
  if (me === undefined) return null;
  if (uid !== 0 && uid !== me) return `${path} belongs to another user`;
  const sticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) !== 0 && !sticky) return `anyone may write ${path}`;
  if ((mode & 0o020) !== 0 && !sticky && gid !== 0 && gid !== myGroup) return `another group may write ${path}`;
  return null;
};

/** The path and every folder above it, links resolved. */
const upwards = (path: string): string[] => {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...upwards(parent)];
};

/**
 * The library that the build left in `folder`. One for another machine, one whose bytes changed, and one in a place that others may write are refused: what is
 * loaded runs with all rights of this process.
 */
export const findLibrary = async (folder: string = defaultFolder): Promise<Found> => {
  let text: string;
  try {
    text = await readFile(join(folder, "library.json"), "utf8");
  } catch {
    return { reason: "none was compiled: npm run build does it where there is a C compiler (Debian: gcc, libc6-dev)" };
  }
  try {
    const record: Record<string, unknown> = JSON.parse(text);
    if (record.platform !== process.platform || record.arch !== process.arch)
      return { reason: `they were compiled for ${record.platform} on ${record.arch}` };
    const { file, sha256 } = record;
    if (typeof file !== "string" || !/^kernels-[0-9a-f]+\.so$/.test(file)) return { reason: "library.json is damaged" };
    const path = await realpath(join(folder, file));
    for (const place of upwards(path)) {
      const doubt = await doubtAbout(place);
      if (doubt !== null) return { reason: `${doubt}, so what lies there is not loaded` };
    }
    const digest = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    if (digest !== sha256) return { reason: `${path} is not as it was compiled` };
    return { path, sha256: digest };
  } catch (error) {
    return { reason: `they cannot be read (${error instanceof Error ? error.message : String(error)})` };
  }
};
