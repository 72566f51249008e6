import type { Span } from "../../src/domain/observing/tracing.ts";
import type { FoldName, Phase } from "../engine/protocol.ts";

/** The lead's phases as spans below its attempt's: each ends where the next begins. */
export const createPhaseSpans = (attempt: Span) => {
  let current: Span | null = null;
  let key = "";
  const end = (atMs?: number): void => {
    current?.end(atMs);
    current = null;
  };
  return {
    begin: (phase: Phase, atMs: number, of: FoldName | null): void => {
      const same = `${phase} ${of?.name ?? ""}`;
      if (current !== null && same === key) return;
      key = same;
      end(atMs);
      const fold = of === null ? {} : { "descent.fold": of.fold, "descent.repeat": of.repeat };
      current = attempt.child(phase, { atMs, attributes: { "descent.phase": phase, ...fold } });
    },
    /** The run is over; `failure`: why it is not at its end. */
    end: (failure: string | null): void => {
      if (failure !== null) current?.fail(failure);
      end();
    },
  };
};
