import type { FromThread } from "../../engine/protocol.ts";
import type { CheckpointContent } from "../checkpoint-file.ts";

/** Says that the computing begins, or goes on. */
export const tellStart = (
  resume: CheckpointContent | null,
  secondsBefore: number,
  post: (message: FromThread) => void,
): void => {
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
