import { type Config, StartError } from "../../config.ts";
import { chooseKernels, type KernelChoice } from "../../engine/kernels/native/choose.ts";

/** The kernels that this process computes with. StartError where the environment asks for native ones that are not there. */
export const chooseStartKernels = async (wanted: Config["kernels"]): Promise<KernelChoice> => {
  try {
    return await chooseKernels(wanted);
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};
