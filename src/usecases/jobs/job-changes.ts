import type { JobId, TenantId } from "../../domain/ids.ts";
import type { Deps } from "../deps.ts";

/** Follows one job: `next` resolves once something changed since the last call, after `atMostMs`, or when the signal aborts. */
export interface JobChanges {
  next(atMostMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Subscribes before the caller reads, so no change falls between reading and waiting: one that comes meanwhile makes the
 * next wait return at once.
 */
export const followJob = async (deps: Deps, tenant: TenantId, id: JobId): Promise<JobChanges> => {
  let changed = false;
  let wake = () => {};
  const unsubscribe = await deps.jobs.onChange(tenant, id, () => {
    changed = true;
    wake();
  });
  return {
    next: async (atMostMs, signal) => {
      if (!changed && !signal.aborted && atMostMs > 0) {
        await new Promise<void>((resolve) => {
          wake = () => {
            clearTimeout(timer);
            signal.removeEventListener("abort", wake);
            resolve();
          };
          const timer = setTimeout(wake, atMostMs);
          signal.addEventListener("abort", wake);
        });
      }
      changed = false;
    },
    close: unsubscribe,
  };
};
