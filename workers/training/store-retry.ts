import { setTimeout as delay } from "node:timers/promises";
import { ServiceError } from "../../src/domain/errors.ts";

const patienceMs = 30_000;
const firstDelayMs = 200;
const longestDelayMs = 5000;

/** The code that the operating system gave, wherever in the chain of causes it stands. */
export const systemCode = (error: unknown): string | null => {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ("code" in each && typeof each.code === "string" && /^E[A-Z]+$/.test(each.code)) return each.code;
  }
  return null;
};

const fullStore = new Set(["ENOSPC", "EDQUOT"]);
export const isStoreFull = (error: unknown): boolean => fullStore.has(systemCode(error) ?? "");

/** Tries again for half a minute while the artifact store is away. A full store is no outage: waiting does not empty it. */
export const patiently = async <T>(call: () => Promise<T>): Promise<T> => {
  const startMs = performance.now();
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      return await call();
    } catch (error) {
      const away = error instanceof ServiceError && error.code === "unavailable" && !isStoreFull(error);
      if (!away || performance.now() - startMs > patienceMs) throw error;
    }
    await delay(delayMs);
  }
};
