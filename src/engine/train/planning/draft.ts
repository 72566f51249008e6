import type { Value } from "../../graph/graph.ts";
import type { Result, TailEmitter } from "../../graph/record.ts";
import type { Placed } from "./place-memory.ts";
import type { ModelPlacement } from "./place-model.ts";
import type { Traced } from "./programs.ts";

/** One kind of program before it is placed. */
export interface Draft {
  readonly traced: Traced;
  /** What FLOPs are counted for. */
  readonly wanted: readonly Value[];
  readonly results: (placed: Placed, model: ModelPlacement) => Result[];
  readonly tail?: (emit: TailEmitter, placed: Placed, model: ModelPlacement) => void;
  readonly tailFlops?: (model: ModelPlacement) => number;
}
