import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { steerStudy } from "./steer-study.ts";

/** Idempotent. The study's trials go on from their checkpoints. */
export const resumeStudy = (deps: Deps, caller: Caller, { id }: { id: string }): Promise<Study> =>
  steerStudy(deps, caller, {
    id,
    from: ["pausing", "paused"],
    to: "running",
    same: ["running"],
    reason: "resumed",
    verb: "resumed",
  });
