import { connect } from "node:net";
import { parseRedisAddress } from "../../store/redis/connection/redis-address.ts";

/**
 * Sends one inline command over a connection of its own and returns the reply's first line (`+PONG`, `-LOADING …`), or null
 * when nothing answers in time. Needs no client: a server that is starting, or left over from a crash, is asked with it.
 */
export const askRedis = (url: string, command: string, limitMs: number): Promise<string | null> =>
  new Promise((resolve) => {
    const { path, host, port, password } = parseRedisAddress(url).options;
    const authenticate = typeof password === "string" ? `AUTH ${password}\r\n` : "";
    const socket = path ? connect({ path }) : connect({ host: host ?? "127.0.0.1", port: port ?? 6379 });
    let received = "";
    const finish = (line: string | null): void => {
      socket.destroy();
      resolve(line);
    };
    socket.setTimeout(limitMs, () => finish(null));
    socket.on("error", () => finish(null));
    socket.on("close", () => finish(null));
    socket.on("connect", () => socket.write(`${authenticate}${command}\r\n`));
    socket.on("data", (data) => {
      received += data.toString();
      const lines = received.split("\r\n").slice(0, -1);
      const line = lines[authenticate === "" ? 0 : 1];
      if (line !== undefined) finish(line);
    });
  });
