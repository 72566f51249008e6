import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import type { Deps } from "../deps.ts";

interface Room {
  limitBytes: number;
  /** Whether it is the tenant's quota that limits, not the size of one file. */
  quota: boolean;
}

const quotaExceeded = (storedBytes: number): ServiceError =>
  new ServiceError(
    "quota_exceeded",
    `the tenant may store ${storedBytes.toLocaleString("en-US")} bytes; delete data sets or models`,
    {
      retryAfterSeconds: 60,
    },
  );

/** What an uploaded file may take: its own limit, or what is left of the tenant's quota. */
export const roomFor = async ({ quotas, artifacts }: Deps, tenant: TenantId, fileBytes: number): Promise<Room> => {
  if (quotas === null) return { limitBytes: fileBytes, quota: false };
  const left = quotas.storedBytes - (await artifacts.usedBytes(`${tenant}/`));
  if (left <= 0) throw quotaExceeded(quotas.storedBytes);
  return { limitBytes: Math.min(left, fileBytes), quota: left < fileBytes };
};

/** Others of the tenant's files may have come in beside this one: whoever is last to look sees all of them, so together they never pass the quota. */
export const requireStillRoom = async ({ quotas, artifacts }: Deps, tenant: TenantId): Promise<void> => {
  if (quotas === null || (await artifacts.usedBytes(`${tenant}/`)) <= quotas.storedBytes) return;
  throw quotaExceeded(quotas.storedBytes);
};

export const incompleteUpload = (cause?: unknown): ServiceError =>
  new ServiceError("malformed", "the upload ended before the whole file had arrived", { cause });

const isAbort = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  ["ECONNRESET", "ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE"].includes(String(error.code));

/** What to answer when an upload failed: the quota where that was the limit, and "incomplete" for a client that went away. */
export const uploadFailure = (error: unknown, room: Room, { quotas }: Deps): unknown => {
  if (error instanceof ServiceError && error.code === "too_large" && room.quota && quotas !== null) {
    return quotaExceeded(quotas.storedBytes);
  }
  return error instanceof ServiceError || !isAbort(error) ? error : incompleteUpload(error);
};
