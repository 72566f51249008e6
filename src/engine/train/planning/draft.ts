import type { Node, Value } from "../../graph/graph.ts";
import type { Result, TailEmitter } from "../../graph/record.ts";
import type { Placed } from "./place-memory.ts";
import type { ModelPlacement } from "./place-model.ts";
import type { Traced } from "./programs.ts";

/** One kind of program before it is placed. */
export interface Draft {
  readonly traced: Traced;
  /** Of a step: the nodes whose values its gradients read. */
  readonly forward?: ReadonlySet<Node>;
  /** What FLOPs are counted for. */
  readonly wanted: readonly Value[];
  readonly results: (placed: Placed, model: ModelPlacement) => Result[];
  readonly tail?: (emit: TailEmitter, placed: Placed, model: ModelPlacement) => void;
  readonly tailFlops?: (model: ModelPlacement) => number;
}
