import { Readable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import { ServiceError } from "../../domain/errors.ts";
import type { TenantId } from "../../domain/ids.ts";
import { quotasOf } from "../access/quotas-of.ts";
import type { Deps } from "../deps.ts";
import type { Caller } from "./caller.ts";

/** What one upload may still store. What it takes is reserved, over all API processes, until it is closed. */
export interface Room {
  /** Whether there is no quota to be asked. */
  readonly unlimited: boolean;
  /** Counts so many bytes more. `quota_exceeded` if the tenant's other uploads and files leave no room for them. */
  take(bytes: number): Promise<void>;
  /** So many are no longer stored. */
  give(bytes: number): void;
  /** The body, each of its chunks once there is room for it, as long as the sender is there. */
  filled(body: AsyncIterable<Uint8Array>): Readable;
  /**
   * Holds what was taken for certain: to be asked before anything is recorded. `malformed` if the sender has gone: then what came may not be the whole file, and
   * nobody waits for what becomes of it.
   */
  secure(): Promise<void>;
  close(): Promise<void>;
}

type RoomDeps = Pick<Deps, "quotas" | "access" | "artifacts" | "reservations" | "log">;

const quotaExceeded = (storedBytes: number): ServiceError =>
  new ServiceError(
    "quota_exceeded",
    `the tenant may store ${storedBytes.toLocaleString("en-US")} bytes; delete data sets or models`,
    { retryAfterSeconds: 60, quota: { name: "stored-bytes", quota: storedBytes, remaining: 0 } },
  );

/** So that a large upload asks a few hundred times, and a small one holds hardly more than it needs. */
const aheadOf = (taken: number): number => (taken < 1024 ** 2 ? 0 : Math.min(4 * 1024 ** 2, Math.floor(taken / 32)));

const MEASURES = 3;
/** For uploads that began later, and are to be refused first. */
const PATIENCE_MS = 2000;
const LOOK_MS = 50;

/** Asks for a total until it is held, or a fresh measure says that there is no room. */
const createAsking = ({ artifacts, reservations }: RoomDeps, tenant: TenantId, files: string, quota: number) => {
  let measured: { free: number; sequence: number; atMs: number } | null = null;
  const measure = async (): Promise<NonNullable<typeof measured>> => {
    const atMs = performance.now();
    const { sequence, underWay } = await reservations.look(tenant);
    // What is being uploaded is counted by what it has reserved. It is measured first: a file that comes between is counted twice, not never.
    let reserved = 0;
    for (const upload of new Set([files, ...underWay])) reserved += await artifacts.usedBytes(upload);
    return { free: quota - ((await artifacts.usedBytes(`${tenant}/`)) - reserved), sequence, atMs };
  };
  const ask = async (taken: number, ahead = 0): Promise<number> => {
    const beganMs = performance.now();
    for (let measures = 0; ; ) {
      if (measured === null || performance.now() - measured.atMs > reservations.lastsMs / 2) {
        measured = await measure();
        measures += 1;
      }
      const wanted = { ...measured, atLeast: taken, atMost: taken + ahead };
      const held = await reservations.reserve(tenant, files, wanted);
      if (typeof held === "number") return held;
      if (held === "later" && performance.now() - beganMs < PATIENCE_MS) {
        await after(LOOK_MS);
        continue;
      }
      if (measures >= MEASURES) throw quotaExceeded(quota);
      // Others may have ended, or been deleted, since it was measured.
      measured = null;
    }
  };
  /** Of the quota, as it was measured last, with so many taken; others' uploads under way may still take of it. */
  const left = (taken: number): number => Math.floor((measured?.free ?? 0) - taken);
  return { ask, left };
};

const requireSenderOf = (gone: AbortSignal | undefined) => (): void => {
  if (gone?.aborted === true) throw incompleteUpload();
};

export const unlimitedRoom = (gone?: AbortSignal): Room => {
  const requireSender = requireSenderOf(gone);
  const passing = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of body) {
      requireSender();
      yield chunk;
    }
    requireSender();
  };
  return {
    unlimited: true,
    take: async () => {},
    give: () => {},
    filled: (body) => Readable.from(passing(body), { objectMode: false }),
    secure: async () => requireSender(),
    close: async () => {},
  };
};

/**
 * Room for an upload whose files lie below `files`. `quota_exceeded` if there is none at all.
 * @param gone aborts when the sender goes away. The stream of a cancelled gRPC call ends like a whole one, and the body may be whole while it is still being read: only this tells.
 */
export const openRoom = async (
  deps: RoomDeps,
  { tenant, tell, quotas }: Pick<Caller, "tenant" | "tell" | "quotas">,
  files: string,
  gone?: AbortSignal,
): Promise<Room> => {
  const { reservations, log } = deps;
  const { storedBytes } = await quotasOf(deps, tenant, quotas);
  if (storedBytes === null) return unlimitedRoom(gone);
  const requireSender = requireSenderOf(gone);
  const { ask, left } = createAsking(deps, tenant, files, storedBytes);
  let [taken, held] = [0, await ask(1)];
  const troubled = (err: unknown): void =>
    log.warn({ tenant, upload: files, err }, "an upload's room could not be kept");
  const renewal = setInterval(() => void reservations.renew(tenant, files).catch(troubled), reservations.lastsMs / 4);
  renewal.unref();
  const take = async (bytes: number): Promise<void> => {
    taken += bytes;
    if (taken > held) held = await ask(taken, aheadOf(taken));
  };
  const filling = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of body) {
      requireSender();
      await take(chunk.byteLength);
      yield chunk;
    }
    requireSender();
  };
  return {
    unlimited: false,
    take,
    give: (bytes) => {
      taken -= bytes;
    },
    filled: (body) => Readable.from(filling(body), { objectMode: false }),
    // Whoever was frozen for long may have lost what it held; asking again is for all of it.
    secure: async () => {
      held = await ask(taken);
      requireSender();
      tell?.({ name: "stored-bytes", quota: storedBytes, remaining: left(taken) });
    },
    close: async () => {
      clearInterval(renewal);
      await reservations.release(tenant, files).catch(troubled);
    },
  };
};

export const incompleteUpload = (cause?: unknown): ServiceError =>
  new ServiceError("malformed", "the upload ended before the whole file had arrived", { cause });

/** Secures a room in which files that lie there grow by so many bytes: while it is held they count by what it has taken, and by nothing else. */
export const secureGrowth = async (
  { artifacts }: Pick<Deps, "artifacts">,
  room: Room,
  files: string,
  bytes: number,
): Promise<void> => {
  if (room.unlimited) return;
  await room.take((await artifacts.usedBytes(files)) + Math.max(0, bytes));
  await room.secure();
};

const isAbort = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  ["ECONNRESET", "ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE"].includes(String(error.code));

/** What to answer when an upload failed: "incomplete" for a client that went away. */
export const uploadFailure = (error: unknown): unknown =>
  error instanceof ServiceError || !isAbort(error) ? error : incompleteUpload(error);
