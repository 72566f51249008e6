import { access, constants, mkdir, realpath } from "node:fs/promises";
import { StartError } from "../../config.ts";

const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);

/** Creates the data folder if need be. StartError when it cannot be made or written. */
export const prepareDataFolder = async (folder: string): Promise<string> => {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
    return await realpath(folder);
  } catch (error) {
    throw new StartError(
      `DATA_DIR=${folder}: the folder cannot be written (${errorCode(error)}); let this user write there or choose another DATA_DIR`,
      { cause: error },
    );
  }
};
