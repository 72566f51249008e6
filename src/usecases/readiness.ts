import type { Deps } from "./deps.ts";

/** What the service needs to do its work, and what is wrong with it (null: nothing). */
export interface Readiness {
  ready: boolean;
  checks: Record<"redis" | "artifactStore" | "queue", { ok: boolean; detail: string | null }>;
}

const limitMs = 1000;

const check = async (probe: () => Promise<unknown>): Promise<{ ok: boolean; detail: string | null }> => {
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
  return { ready: redis.ok && artifactStore.ok && queue.ok, checks: { redis, artifactStore, queue } };
};
