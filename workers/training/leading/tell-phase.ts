import type { FoldName, FromThread, Phase } from "../../engine/protocol.ts";

/** Says what the lead does from here on, for the trainer's spans. */
export const tellPhase = (post: (message: FromThread) => void, phase: Phase, of: FoldName | null = null): void =>
  post({ type: "phase", phase, atMs: performance.timeOrigin + performance.now(), of });
