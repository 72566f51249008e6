import type { ArtifactStore } from "../../../src/store/artifacts/artifact-store.ts";
import type { FromThread, RunOrder } from "../../engine/protocol.ts";
import { readNewestCheckpoint } from "../checkpoint-file.ts";
import { patiently } from "../store-retry.ts";

type Resume = Awaited<ReturnType<typeof readNewestCheckpoint>>;

/** The checkpoint that the job goes on from; what cannot be used is told of. Null: it begins. */
export const readResume = async (
  artifacts: ArtifactStore,
  order: RunOrder,
  post: (message: FromThread) => void,
): Promise<Resume> => {
  const resume = await patiently(() =>
    readNewestCheckpoint(artifacts, order.checkpoints, (record, reason) =>
      post({
        type: "event",
        level: "warn",
        name: "corrupt_checkpoint",
        message: `the checkpoint at step ${record.step} cannot be used: ${reason}`,
        data: { step: record.step },
      }),
    ),
  );
  if (resume === null && order.checkpoints.length > 0)
    post({
      type: "event",
      level: "warn",
      name: "started_anew",
      message: "none of the job's checkpoints can be used; it starts anew, and its result will be the same",
      data: { checkpoints: order.checkpoints.length },
    });
  return resume;
};

/** Says that the computing begins, or goes on. */
export const tellStart = (resume: Resume, secondsBefore: number, post: (message: FromThread) => void): void => {
  post({ type: "started", secondsBefore, step: resume?.step ?? 0 });
  if (resume !== null)
    post({
      type: "event",
      level: "info",
      name: "resumed",
      message: `resumed at step ${resume.step}`,
      data: { step: resume.step },
    });
};
