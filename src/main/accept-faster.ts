import { closeSync } from "node:fs";
import { type Server, Socket } from "node:net";
import type { Log } from "../domain/log.ts";

/** Accepted in one turn of the event loop; what is left has its turn next. */
const mostPerTurn = 1024;
/**
 * Connections that the system keeps until they are accepted, up to its own limit (Linux: net.core.somaxconn). With node's 511 the
 * first packets of a larger burst are dropped, and clients try again after one and after three seconds.
 */
export const connectionBacklog = 4096;

type Accept = (listening: number, address: null, length: null) => number;
interface LibC {
  load(library: null): { func(prototype: string): Accept };
}

/** Null where the system's `accept` cannot be called. */
const findAccept = async (): Promise<Accept | null> => {
  try {
    const { default: koffi }: { default: LibC } = await import("koffi");
    return koffi.load(null).func("int accept(int, void *, void *)");
  } catch {
    return null; // an optional native package that is not there, or a system without accept: slower, not wrong
  }
};

/**
 * libuv accepts one connection per turn of the event loop (since 1.45), so that a thousand clients that come at once need a
 * thousand turns, and a probe waits behind them all. This accepts the others that wait together with it. To be called when the
 * server listens.
 */
export const acceptFaster = async (server: Server, log: Log): Promise<void> => {
  // What node keeps of a listening socket: its number in this process, on systems that have such.
  const { fd } = (server as unknown as { _handle: { fd?: number } })._handle;
  const accept = process.platform === "win32" || fd === undefined || fd < 0 ? null : await findAccept();
  if (accept === null || fd === undefined) {
    log.info({}, "connections are accepted one per turn of the event loop: bursts of them take longer");
    return;
  }
  /** As node's HTTP server makes them; null if the system gave what is no connection. */
  const toSocket = (descriptor: number): Socket | null => {
    try {
      return new Socket({ fd: descriptor, allowHalfOpen: true, readable: true, writable: true }).setNoDelay(true);
    } catch (error) {
      closeSync(descriptor);
      log.warn({ err: error }, "an accepted connection could not be used");
      return null;
    }
  };
  let taking = false;
  server.on("connection", () => {
    if (taking) return;
    taking = true;
    for (let count = 1; count < mostPerTurn; count++) {
      const descriptor = accept(fd, null, null);
      if (descriptor < 0) break; // none waits
      const socket = toSocket(descriptor);
      if (socket !== null) server.emit("connection", socket);
    }
    taking = false;
  });
};
