import { ServiceError } from "../../src/domain/errors.ts";
import type { Deps } from "../../src/usecases/deps.ts";

/** What the caller sees at the cut is the same each time: `unavailable`. */
export const cutKinds = {
  refused: "it is not done",
  unanswered: "it is done, and the answer is lost",
  late: "it is done after everything else, as by a server that was frozen",
  dead: "it is not done, and nothing after it",
  "dead after": "it is done, and nothing after it",
} as const;
export type CutKind = keyof typeof cutKinds;

const away = (): ServiceError => new ServiceError("unavailable", "cut", { retryAfterSeconds: 1 });

type Parts = Pick<Deps, "artifacts" | "jobs" | "catalogue" | "queue" | "reservations">;

export interface Cut {
  parts: Parts;
  /** What was asked of the stores and the queue, in order. */
  asked: readonly string[];
  /** Whether the operation came as far. */
  reached(): boolean;
  /** Lets happen what comes late. */
  settle(): Promise<void>;
}

/** The stores and the queue as an operation sees them whose n-th question (from 0) is cut. */
export const cutAt = (deps: Parts, n: number, kind: CutKind, onCut: () => void = () => {}): Cut => {
  const asked: string[] = [];
  let late: (() => Promise<unknown>) | null = null;
  const ask = async (name: string, call: () => Promise<unknown>): Promise<unknown> => {
    const at = asked.push(name) - 1;
    if (at < n) return call();
    const isDead = kind.startsWith("dead");
    if (at > n) {
      if (isDead) throw away();
      return call();
    }
    onCut();
    if (kind === "unanswered" || kind === "dead after") await call();
    if (kind === "late") late = call;
    throw away();
  };
  const watched = <T extends object>(part: string, target: T): T =>
    new Proxy(target, {
      get: (from, name, receiver) => {
        const method: unknown = Reflect.get(from, name, receiver);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) =>
          ask(`${part}.${String(name)}`, async () => Reflect.apply(method, from, args) as unknown);
      },
    });
  return {
    parts: {
      artifacts: watched("artifacts", deps.artifacts),
      jobs: watched("jobs", deps.jobs),
      catalogue: watched("catalogue", deps.catalogue),
      queue: watched("queue", deps.queue),
      reservations: watched("reservations", deps.reservations),
    },
    asked,
    reached: () => asked.length > n,
    settle: async () => {
      // The world may have moved on: what it refers to is gone, for example.
      await late?.().catch((error: unknown) => {
        if (!(error instanceof ServiceError)) throw error;
      });
    },
  };
};
