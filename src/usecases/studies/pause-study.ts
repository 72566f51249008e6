import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { steerStudy } from "./steer-study.ts";

/** Idempotent. No trial is started any more, and those that run are paused at a checkpoint. */
export const pauseStudy = (deps: Deps, caller: Caller, { id }: { id: string }): Promise<Study> =>
  steerStudy(deps, caller, {
    id,
    from: ["running"],
    to: "pausing",
    same: ["pausing", "paused"],
    reason: "pause requested",
    verb: "paused",
  });
