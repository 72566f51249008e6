import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { assert } from "../../domain/errors.ts";
import { askRedis } from "./ask-redis.ts";
import type { RedisProgram } from "./redis-program.ts";

const START_MS = 15_000;
const LOOK_MS = 10;
const TAIL_LINES = 5;

export interface RedisExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last lines that the server wrote. */
  tail: string;
}

export interface RedisChild {
  pid: number;
  exited: Promise<RedisExit>;
}

/**
 * Starts the server in a process group of its own, so that the terminal's Ctrl-C reaches only those who use it: they finish
 * first. Its number is noted at once; resolves when it answers, however long it takes to load its file.
 */
export const spawnRedis = async (
  program: RedisProgram,
  folder: string,
  url: string,
  note: (pid: number) => Promise<void>,
): Promise<RedisChild> => {
  const child = spawn(program.file, [join(folder, "redis.conf")], {
    argv0: program.argv0,
    cwd: folder,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => {
    errors = (errors + text.toString()).slice(-2000);
  });
  let exit: RedisExit | null = null;
  const exited = new Promise<RedisExit>((resolve) => {
    const end = async (code: number | null, signal: NodeJS.Signals | null, reason: string): Promise<void> => {
      exit = { code, signal, tail: reason + errors + (await logTail(folder)) };
      resolve(exit);
    };
    child.once("error", (error) => end(null, null, `${program.file} could not be run: ${error.message}`));
    child.once("exit", (code, signal) => end(code, signal, ""));
  });
  try {
    if (child.pid !== undefined) await note(child.pid);
    await untilAnswering(url, () => exit);
  } catch (error) {
    child.kill("SIGKILL"); // never two servers on one folder: one that does not answer goes before the next is tried
    await exited;
    throw error;
  }
  assert(child.pid !== undefined, "a process that answers has a number");
  return { pid: child.pid, exited };
};

/** `exitOf` is asked each time round, since a server that cannot load its file ends by itself. */
const untilAnswering = async (url: string, exitOf: () => RedisExit | null): Promise<void> => {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const exit = exitOf();
    if (exit !== null) throw new Error(`redis-server did not start: ${lastLine(exit.tail)}`);
    const reply = await askRedis(url, "PING", 1000);
    if (reply === "+PONG") return;
    const loading = reply?.startsWith("-LOADING") === true;
    if (!loading && performance.now() > deadline) throw new Error(`redis-server does not answer at ${hide(url)}`);
    await delay(LOOK_MS);
  }
};

const logTail = async (folder: string): Promise<string> => {
  const text = await readFile(join(folder, "redis.log"), "utf8").catch(() => ""); // it may have ended before it wrote one
  return text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
};

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "no reason was given";

const hide = (url: string): string => url.replace(/:[^:@/]*@/, "@");
