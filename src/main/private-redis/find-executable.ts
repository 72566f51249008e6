import { access, constants, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The first executable file of this name in a PATH, or null. */
export const findExecutable = async (name: string, path: string): Promise<string | null> => {
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return null;
};

const isExecutable = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // absent or not ours to run: for a search that is the same
  }
};
