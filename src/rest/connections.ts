import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Which connections are at work. Node closes idle ones when a server closes, but not those that have sent nothing yet, nor
 * those whose answer ends only then: the server would wait for the client to hang up.
 */
export interface Connections {
  /** To be called for each request. */
  begin(socket: Socket, response: ServerResponse): void;
  /** Ends the connections without a request now, the others after their answer, and what is left after `limitMs`. Settles when none is open. */
  close(limitMs: number): Promise<void>;
}

export const trackConnections = (server: Server, secure: boolean): Connections => {
  const open = new Set<Socket>();
  const idle = new Set<Socket>();
  let closing = false;
  let closed = (): void => {};
  const rest = (socket: Socket): void => {
    if (closing) socket.end();
    else if (!socket.destroyed) idle.add(socket);
  };
  server.on(secure ? "secureConnection" : "connection", (socket: Socket) => {
    open.add(socket);
    rest(socket);
    socket.once("close", () => {
      open.delete(socket);
      idle.delete(socket);
      if (open.size === 0) closed();
    });
  });
  return {
    begin: (socket, response) => {
      idle.delete(socket);
      response.once("close", () => rest(socket));
    },
    close: (limitMs) => {
      closing = true;
      for (const socket of idle) socket.destroy();
      setTimeout(() => server.closeAllConnections(), limitMs).unref();
      return open.size === 0 ? Promise.resolve() : new Promise((resolve) => (closed = resolve));
    },
  };
};
