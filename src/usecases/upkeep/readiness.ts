import type { Deps } from "../deps.ts";

interface Check {
  ok: boolean;
  detail: string | null;
}

/**
 * What the service needs to do its work, and what is wrong with it (null: nothing). Without trainers it is `degraded` and still
 * ready: the API takes jobs, which are kept until a trainer comes, and a load balancer must not turn clients away.
 */
export interface Readiness {
  status: "ready" | "degraded" | "not_ready";
  checks: Record<"redis" | "artifactStore" | "queue" | "trainers", Check>;
}

const limitMs = 1000;

const check = async (probe: () => Promise<unknown>): Promise<Check> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([probe(), late]);
    return { ok: true, detail: null };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
};

/** All probes at once, each given one second: an answer comes even while everything hangs. */
export const readiness = async (deps: Deps): Promise<Readiness> => {
  const [redis, artifactStore, queue] = await Promise.all([
    check(() => deps.jobs.ping()),
    check(() => deps.artifacts.probe()),
    check(() => deps.queue.counts()),
  ]);
  const trouble = deps.consumption.trouble();
  const trainers = { ok: trouble === null, detail: trouble };
  const ready = redis.ok && artifactStore.ok && queue.ok;
  return {
    status: !ready ? "not_ready" : trainers.ok ? "ready" : "degraded",
    checks: { redis, artifactStore, queue, trainers },
  };
};
