import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { ServiceError } from "../../src/domain/errors.ts";
import type { JobId, TenantId } from "../../src/domain/ids.ts";
import { decodeSafetensors, safetensorsChunks, type Tensor } from "../../src/formats/safetensors/safetensors.ts";
import { type ArtifactStore, artifactKeys } from "../../src/store/artifacts/artifact-store.ts";
import type { CheckpointRecord } from "../../src/store/job-store.ts";
import type { FromThread, RunOrder } from "../engine/protocol.ts";
import { patiently } from "./store-retry.ts";

/** Where a fit stands: its tensors, and a JSON value of what the tensors do not say. */
export interface CheckpointContent {
  step: number;
  state: unknown;
  tensors: readonly Tensor[];
}

/** Writes a checkpoint, a safetensors file whose metadata carry the state. Its record is for the fenced commit that follows. */
export const writeCheckpoint = async (
  artifacts: ArtifactStore,
  job: { tenant: TenantId; job: JobId; attempt: number },
  content: CheckpointContent,
): Promise<{ record: CheckpointRecord; bytes: number }> => {
  const key = artifactKeys.checkpoint(job.tenant, job.job, content.step, job.attempt);
  const chunks = safetensorsChunks(content.tensors, { state: JSON.stringify(content.state) });
  const { sha256, bytes } = await artifacts.write(key, Readable.from(chunks));
  return { record: { key, sha256, step: content.step, attempt: job.attempt, at: new Date().toISOString() }, bytes };
};

/**
 * The newest checkpoint whose bytes are those that were written. What was torn, changed or removed is passed over, with a
 * word to `onBad`: an older checkpoint costs time, a wrong one would cost the result.
 */
export const readNewestCheckpoint = async (
  artifacts: ArtifactStore,
  records: readonly CheckpointRecord[],
  onBad: (record: CheckpointRecord, reason: string) => void,
): Promise<(CheckpointContent & { record: CheckpointRecord }) | null> => {
  for (const record of records) {
    try {
      const file = await artifacts.readBytes(record.key);
      if (createHash("sha256").update(file).digest("hex") !== record.sha256) {
        onBad(record, "its bytes are not those that were written");
        continue;
      }
      const { tensors, metadata } = decodeSafetensors(file);
      const state: unknown = JSON.parse(metadata.state ?? "null");
      return { record, step: record.step, state, tensors };
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === "unavailable") throw error;
      onBad(record, error.message);
    }
  }
  return null;
};

/** Where a run goes on: the newest checkpoint that can be used. What cannot be is told to the job's owner, and so is a start anew. */
export const readResumePoint = async (
  artifacts: ArtifactStore,
  { checkpoints }: Pick<RunOrder, "checkpoints">,
  post: (message: FromThread) => void,
): Promise<CheckpointContent | null> => {
  const warn = (name: "corrupt_checkpoint" | "started_anew", message: string, data: Record<string, number>): void =>
    post({ type: "event", level: "warn", name, message, data });
  const found = await patiently(() =>
    readNewestCheckpoint(artifacts, checkpoints, ({ step }, reason) =>
      warn("corrupt_checkpoint", `the checkpoint at step ${step} cannot be used: ${reason}`, { step }),
    ),
  );
  if (found === null && checkpoints.length > 0)
    warn("started_anew", "none of the job's checkpoints can be used; it starts anew, and its result will be the same", {
      checkpoints: checkpoints.length,
    });
  return found;
};
