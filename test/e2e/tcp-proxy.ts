import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A network between two processes that does what the test says. */
export interface TcpProxy {
  /** `redis://…` of its own end. */
  url: string;
  /** Both directions, as it was made. */
  pass(): void;
  /** Ends all connections and takes no new one. */
  cut(): void;
  /** Keeps connections, new ones too, and lets nothing through until `pass`. */
  hang(): void;
  /** Each piece arrives so much later. */
  slow(delayMs: number): void;
  /** What is connected now will never hear of its peer again, and is not told; new connections are served. */
  forget(): void;
  close(): void;
}

type Mode = "pass" | "cut" | "hang" | "slow";

/** In front of a Redis on a Unix socket (`unix:///…`) or a loopback port. */
export const startTcpProxy = async (target: string): Promise<TcpProxy> => {
  const { protocol, pathname, hostname, port } = new URL(target);
  const to = protocol === "unix:" ? { path: decodeURIComponent(pathname) } : { host: hostname, port: Number(port) };
  const pairs = new Set<{ ends: [Socket, Socket]; forgotten: boolean }>();
  let mode: Mode = "pass";
  let delayMs = 0;
  let held: (() => void)[] = [];

  const server = createServer((client) => {
    if (mode === "cut") return void client.destroy();
    const upstream = connect(to);
    const pair: { ends: [Socket, Socket]; forgotten: boolean } = { ends: [client, upstream], forgotten: false };
    pairs.add(pair);
    const join = (from: Socket, into: Socket): void => {
      const deliver = (act: () => void): void => {
        const unlessForgotten = (): void => {
          if (!pair.forgotten) act();
        };
        if (mode === "hang") held.push(unlessForgotten);
        else if (mode === "slow") setTimeout(unlessForgotten, delayMs);
        else unlessForgotten();
      };
      from.on("data", (chunk) => deliver(() => into.write(chunk)));
      from.on("error", () => undefined); // told by `close`
      from.on("close", () => {
        pairs.delete(pair);
        deliver(() => into.destroy());
      });
    };
    join(client, upstream);
    join(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const become = (next: Mode): void => {
    mode = next;
    const late = held;
    held = [];
    for (const act of late) act();
  };
  const endAll = (): void => {
    for (const { ends } of pairs) for (const end of ends) end.destroy();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pass: () => become("pass"),
    cut: () => {
      become("cut");
      endAll();
    },
    hang: () => become("hang"),
    slow: (ms) => {
      delayMs = ms;
      become("slow");
    },
    forget: () => {
      for (const pair of pairs) pair.forgotten = true;
    },
    close: () => {
      endAll();
      server.close();
    },
  };
};
