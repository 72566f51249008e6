import type { OnFinished } from "../admission/finished-request.ts";
import { scopeOf } from "../admission/operations.ts";
import type { Deps } from "../deps.ts";

const succeeded = (status: string): boolean => status === "OK" || /^2\d\d$/.test(status);

/**
 * Counts predictions, and notes who changed what. It is done when the answer is out, so that nobody waits for it: what a process that dies has not yet
 * written is missing, and its line in the log is not.
 */
export const noteAccess =
  ({ access, now, log }: Pick<Deps, "access" | "now" | "log">): OnFinished =>
  ({ surface, requestId, operation, status, caller, resource }) => {
    if (operation === null || caller === null) return;
    const { tenant, key } = caller;
    const troubled = (err: unknown): void => log.warn({ tenant, requestId, err }, "a request could not be noted");
    if (operation === "predict" && succeeded(status)) void access.countPrediction(tenant).catch(troubled);
    if (scopeOf(operation) === "read" || /^(get|list)[A-Z]/.test(operation)) return;
    const entry = { at: now().toISOString(), tenant, key, operation, resource, surface, status, requestId };
    void access.audit(entry).catch(troubled);
  };
