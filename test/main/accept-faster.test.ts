import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { acceptFaster, connectionBacklog } from "../../src/main/accept-faster.ts";
import { quiet } from "../usecases/redis.ts";

const clients = 96;

test("connections that come at once are accepted many in a turn of the event loop, until the server closes", async () => {
  const server = createServer((_request, response) => response.end("here"));
  await new Promise<void>((resolve) =>
    server.listen({ host: "127.0.0.1", port: 0, backlog: connectionBacklog }, resolve),
  );
  const { port } = server.address() as AddressInfo;
  await acceptFaster(server, quiet);
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn += 1;
    if (counting) setImmediate(count);
  };
  count();
  const turns = new Set<number>();
  let accepted = 0;
  const allAccepted = new Promise<void>((resolve) => {
    server.on("connection", () => {
      turns.add(turn);
      accepted += 1;
      if (accepted === clients) resolve();
    });
  });
  // All of them are under way before the next turn.
  const sockets = Array.from({ length: clients }, (): Socket => connect({ host: "127.0.0.1", port }));
  await allAccepted;
  counting = false;
  expect(turns.size).toBeLessThan(clients / 4);
  for (const socket of sockets) socket.destroy();

  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("here");
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
});
