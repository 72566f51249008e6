import { ServiceError } from "../../src/domain/errors.ts";
import { ClusteringError } from "../../src/engine/cluster/clustering.ts";
import { ModelShapeError } from "../../src/engine/nn/errors.ts";
import { TrainingError } from "../../src/engine/train/planning/training.ts";
import { isStoreFull } from "../training/store-retry.ts";
import type { RunEnd } from "./protocol.ts";

const failed = (code: string, message: string, hint: string): RunEnd => ({
  type: "failed",
  error: { code, message, hint },
});

const ofService = (error: ServiceError): RunEnd | null => {
  switch (error.code) {
    case "unavailable":
      return isStoreFull(error)
        ? failed(
            "store_full",
            `the artifact store is full: ${error.message}`,
            "free space in the artifact store and submit the job again",
          )
        : { type: "interrupted", reason: `the artifact store is away: ${error.message}` };
    case "over_limit":
      return failed("out_of_memory", error.message, "submit the job again: it is planned anew");
    case "too_large":
      return failed(
        "disk_full",
        error.message,
        "free space on the trainer's disk, or raise resources.memoryBytes, and submit the job again",
      );
    case "corrupt":
      return failed(
        "corrupt",
        error.message,
        "restore the artifact store from a backup, or make again what is damaged",
      );
    case "not_found":
    case "invalid":
    case "unprocessable":
    case "malformed":
    case "invalid_csv":
      return failed("data", error.message, "check the data set and the job's task, and submit the job again");
    default:
      return null;
  }
};

/** What an error means for the job; null for a mistake of ours, which takes the thread down and is counted as a crash. */
export const toRunEnd = (error: unknown): RunEnd | null => {
  if (error instanceof TrainingError || error instanceof ClusteringError)
    return failed(error.code, error.message, error.hint);
  if (error instanceof ModelShapeError)
    return failed("data", `${error.pointer}: ${error.message}`, "change the model so that it fits the data");
  if (error instanceof ServiceError) return ofService(error);
  // V8's words for a WebAssembly.Memory that the system refuses.
  if (error instanceof RangeError && /allocat|memory/i.test(error.message))
    return failed(
      "out_of_memory",
      `the trainer could not allocate the job's memory: ${error.message}`,
      "use a smaller model or batch, or give the trainer more memory",
    );
  return null;
};
