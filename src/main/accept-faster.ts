import { createServer, type Server } from "node:net";
import type { Log } from "../domain/log.ts";

/** More of them cost each single connection a microsecond apiece: every handle is woken for it. */
const handles = 128;
/**
 * Connections that the system keeps until they are accepted, up to its own limit (Linux: net.core.somaxconn). With node's 511 the
 * first packets of a larger burst are dropped, and clients try again after one and after three seconds.
 */
export const connectionBacklog = 4096;

interface LibC {
  load(library: null): { func(prototype: string): (descriptor: number) => number };
}

/** Null where the system's `dup` cannot be called. */
const findDup = async (): Promise<((descriptor: number) => number) | null> => {
  try {
    const { default: koffi }: { default: LibC } = await import("koffi");
    return koffi.load(null).func("int dup(int)");
  } catch {
    return null; // an optional native package that is not there, or a system without dup: slower, not wrong
  }
};

/**
 * libuv accepts one connection per turn of the event loop (since 1.45), so that a thousand clients that come at once need a
 * thousand turns, and a probe waits behind them all. Several handles on the same listening socket accept as many per turn. To be
 * called when the server listens; gives what stops it, to be called before the server closes.
 */
export const acceptFaster = async (server: Server, log: Log): Promise<() => void> => {
  // What node keeps of a listening socket: its number in this process, on systems that have such.
  const { fd } = (server as unknown as { _handle: { fd?: number } })._handle;
  const dup = process.platform === "win32" || fd === undefined || fd < 0 ? null : await findDup();
  if (dup === null || fd === undefined) {
    log.info({}, "connections are accepted one per turn of the event loop: bursts of them take longer");
    return () => {};
  }
  const extras: Server[] = [];
  for (let count = 1; count < handles; count++) {
    const descriptor = dup(fd);
    if (descriptor < 0) break;
    // As node's HTTP server listens by itself.
    const extra = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit("connection", socket));
    extra.on("error", (error) => log.warn({ err: error }, "a listening handle is in trouble"));
    // As a second argument: beside a descriptor node does not look at the option, and its 511 would be everyone's.
    extra.listen({ fd: descriptor }, connectionBacklog);
    extras.push(extra);
  }
  return () => {
    for (const extra of extras) extra.close();
  };
};
