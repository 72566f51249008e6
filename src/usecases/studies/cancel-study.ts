import type { Study } from "../../domain/studies/study.ts";
import type { Caller } from "../admission/caller.ts";
import type { Deps } from "../deps.ts";
import { steerStudy } from "./steer-study.ts";

/** Idempotent. No trial is started any more, and those that run or wait are cancelled. */
export const cancelStudy = (deps: Deps, caller: Caller, { id }: { id: string }): Promise<Study> =>
  steerStudy(deps, caller, {
    id,
    from: ["running", "pausing", "paused"],
    to: "cancelling",
    same: ["cancelling", "cancelled"],
    reason: "cancellation requested",
    verb: "cancelled",
  });
