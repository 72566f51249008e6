import { type KernelName, kernelInfo } from "../kernels/interface.ts";
import type { Buffer, RecordedCall } from "./emitter.ts";

/** Arguments that a kernel writes: its first one, but for these. Every other tensor argument is only read. */
const writtenArguments: Partial<Record<KernelName, readonly string[]>> = {
  softmaxCrossEntropy: ["loss", "dx"],
  binaryCrossEntropy: ["loss", "dx"],
  squaredError: ["loss", "dx"],
  absoluteError: ["loss", "dx"],
  huber: ["loss", "dx"],
  poisson: ["loss", "dx"],
  gaussian: ["loss", "dx"],
  batchNormStatistics: ["mean", "variance", "inverse"],
  batchNormParameterGrad: ["dgamma", "dbeta"],
  maxPool2d: ["y", "winners"],
  momentum: ["w", "m"],
  adagrad: ["w", "s"],
  rmsprop: ["w", "s"],
  adam: ["w", "m", "v"],
};

/** A range of bytes that a call touches: the whole buffer from where the argument points. */
export interface Touch {
  readonly buffer: Buffer;
  readonly written: boolean;
}

export const touchesOf = (call: RecordedCall): Touch[] => {
  const names: readonly string[] = kernelInfo[call.kernel].args;
  const written = writtenArguments[call.kernel] ?? [names[0]!];
  return call.args.flatMap((argument, position) => {
    if (typeof argument === "number" || typeof argument === "string") return [];
    const buffer = "buffer" in argument ? argument.buffer : argument;
    return [{ buffer, written: written.includes(names[position]!) }];
  });
};
