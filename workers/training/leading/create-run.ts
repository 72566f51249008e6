import type { DataShape } from "../../../src/data/preprocessing/data-shape.ts";
import { ServiceError } from "../../../src/domain/errors.ts";
import { isClusteringModel } from "../../../src/engine/cluster/plan-clustering.ts";
import { isExact } from "../../../src/engine/exact/exact-plan.ts";
import type { KernelSource } from "../../../src/engine/kernels/engine-kernels.ts";
import type { TracedSpec } from "../../../src/engine/nn/models.ts";
import { beat, currentSignal, sharedCores } from "../../engine/control.ts";
import type { RunOrder } from "../../engine/protocol.ts";
import { createClusteringRun } from "../clustering-run.ts";
import { createExactRun } from "../exact/exact-run.ts";
import { createNetworkRun } from "../network-run.ts";
import type { TrainingRun } from "../training-run.ts";

/** The plan is a function of spec and data, so it is what was admitted, unless the job was planned by another version of the service. */
export const takeMemory = ({ admitted, memory }: RunOrder, memoryBytes: number): WebAssembly.Memory => {
  if (memoryBytes <= admitted.memoryBytes) return memory;
  throw new ServiceError(
    "over_limit",
    `the job needs ${memoryBytes} bytes, and was planned with ${admitted.memoryBytes} by another version of the service`,
  );
};

export const createRun = async (
  spec: TracedSpec,
  shape: DataShape,
  kernels: KernelSource,
  take: (memoryBytes: number) => WebAssembly.Memory,
  { scratchFolder, control }: Pick<RunOrder, "scratchFolder" | "control">,
): Promise<TrainingRun> => {
  if (isClusteringModel(spec.model)) return createClusteringRun(spec, shape, kernels, take, scratchFolder);
  if (isExact(spec)) return createExactRun(spec, shape, take, scratchFolder);
  const goOn = (): boolean => {
    beat(control);
    return currentSignal(control) === "go";
  };
  return createNetworkRun(spec, shape, kernels, take, { scratchFolder, cores: () => sharedCores(control), goOn });
};
