import { access, constants, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { StartError } from "../../config.ts";

const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);

/**
 * One folder after the other: `recursive` turns for ever where a parent takes no folders and says ENOENT, as /proc does
 * (seen on Node 20).
 */
const makeFolder = async (folder: string): Promise<void> => {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() === true) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST" || found !== null) throw error;
  });
};

/** Creates the data folder if need be. StartError when it cannot be made or written. */
export const prepareDataFolder = async (folder: string): Promise<string> => {
  try {
    await makeFolder(resolve(folder));
    await access(folder, constants.W_OK | constants.X_OK);
    return await realpath(folder);
  } catch (error) {
    throw new StartError(
      `DATA_DIR=${folder}: the folder cannot be written (${errorCode(error)}); let this user write there or choose another DATA_DIR`,
      { cause: error },
    );
  }
};
