import { nameFold } from "../../engine/name-fold.ts";
import type { FoldName, FromThread } from "../../engine/protocol.ts";
import type { CheckpointContent } from "../checkpoint-file.ts";

/** Says that the computing begins, or goes on. */
export const tellStart = (
  resume: CheckpointContent | null,
  secondsBefore: number,
  post: (message: FromThread) => void,
  of: FoldName | null = null,
): void => {
  post({ type: "started", secondsBefore, step: resume?.step ?? 0 });
  if (resume !== null)
    post({
      type: "event",
      level: "info",
      name: "resumed",
      ...nameFold(of, `resumed at step ${resume.step}`, { step: resume.step }),
    });
};
