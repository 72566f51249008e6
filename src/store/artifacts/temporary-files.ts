import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorCode } from "./file-error.ts";

/** A file of another host, or of a process that cannot be asked about, is left over when nothing was written to it for this long. */
const ABANDONED_MS = 3_600_000;

const host = (): string => hostname().replace(/[^A-Za-z0-9-]/g, "-");

/** `host.pid.random`: says whose it is, so that a start can sweep what a crashed process left and nothing else. */
export const temporaryName = (): string => `${host()}.${process.pid}.${randomBytes(9).toString("hex")}`;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
};

/** Several processes share one store: only what nobody can be writing any more may go. */
const isLeftOver = (name: string, modifiedMs: number, nowMs: number): boolean => {
  const [owner, pidText] = name.split(".");
  const pid = Number(pidText);
  if (owner !== host() || !Number.isInteger(pid) || pid <= 0) return nowMs - modifiedMs > ABANDONED_MS;
  // A container's process has the same number after a restart: what is older than this process is not its own.
  if (pid === process.pid) return modifiedMs < performance.timeOrigin;
  return !isAlive(pid);
};

/** Removes the temporary files of crashed writers; returns how many. */
export const sweepTemporaryFiles = async (folder: string): Promise<number> => {
  let swept = 0;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const status = await stat(path).catch(() => null); // finished or swept by another process meanwhile
    if (status === null || !isLeftOver(name, status.mtimeMs, Date.now())) continue;
    await rm(path, { force: true });
    swept += 1;
  }
  return swept;
};
