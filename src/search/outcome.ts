import type { Point } from "./dimension.ts";

/** What a proposal knows of another trial. Values fall towards the better. */
export interface Outcome {
  readonly number: number;
  readonly point: Point;
  /** `stopped`: its last value is that of fewer epochs. */
  readonly state: "complete" | "stopped" | "running";
  /** Null while there is none. */
  readonly value: number | null;
  readonly epochs: number;
}

/** From the best on: complete ones by their value, then stopped ones, the furthest first. Equal ones by their number. */
export const byGoodness = (outcomes: readonly Outcome[]): Outcome[] =>
  outcomes.toSorted((a, b) => {
    if (a.state !== b.state) return a.state === "complete" ? -1 : 1;
    const further = a.state === "complete" ? 0 : b.epochs - a.epochs;
    return further || (a.value ?? Number.MAX_VALUE) - (b.value ?? Number.MAX_VALUE) || a.number - b.number;
  });
