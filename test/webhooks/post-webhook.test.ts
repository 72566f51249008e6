import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { setMaxListeners } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createAddressPolicy } from "../../src/webhooks/address-policy.ts";
import { createPostWebhook, type PostOutcome } from "../../src/webhooks/post-webhook.ts";
import { createNameServerResolve, type Resolve, resolveBySystem } from "../../src/webhooks/resolve.ts";
import { startNameServer } from "./name-server.ts";
import { privateAddresses } from "./private-addresses.ts";
import { answerWith, type Receiver, startReceiver } from "./receiver.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
const opened = async <T extends { close(): Promise<unknown> }>(what: Promise<T>): Promise<T> => {
  const it = await what;
  closing.push(() => it.close());
  return it;
};

const never = new AbortController().signal;
setMaxListeners(100, never);
interface Options {
  privateHosts?: string[];
  timeoutMs?: number;
  resolve?: Resolve;
  signal?: AbortSignal;
}
const post = (url: string, options: Options = {}): Promise<PostOutcome> => {
  const { privateHosts = ["127.0.0.1"], timeoutMs = 5000, resolve, signal = never } = options;
  const policy = createAddressPolicy(privateHosts);
  const send = createPostWebhook({ policy, timeoutMs, ...(resolve === undefined ? {} : { resolve }) });
  return send({ url, headers: { "webhook-id": "msg_1" }, body: '{"ünï":1}', signal });
};

/** Speaks no HTTP of its own: for answers that no honest server gives. */
const startRawServer = async (onConnection: (socket: Socket) => void): Promise<string> => {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
};

describe("posting a webhook", () => {
  it("sends the body as JSON and says what was answered", async () => {
    const receiver = await opened(startReceiver(answerWith(204, 500, 410)));
    for (const status of [204, 500, 410]) expect(await post(`${receiver.url}/hooks?a=b`)).toEqual({ status });
    expect(receiver.received[0]).toMatchObject({
      path: "/hooks?a=b",
      body: '{"ünï":1}',
      headers: { "content-type": "application/json", "content-length": "11", "webhook-id": "msg_1" },
    });
  });

  it("does not follow redirects", async () => {
    const inside = await opened(startReceiver());
    const outside = await opened(
      startReceiver((response, number) =>
        response.writeHead([301, 302, 303, 307, 308][number]!, { location: inside.url }).end(),
      ),
    );
    for (const status of [301, 302, 303, 307, 308]) expect(await post(outside.url)).toEqual({ status });
    expect(inside.received).toEqual([]);
  });

  it("says in words why there was no answer", async () => {
    const gone = await startReceiver();
    await gone.close();
    expect(await post(gone.url)).toEqual({ failure: "the connection was refused" });
    const closes = await startRawServer((socket) => socket.once("data", () => socket.destroy()));
    expect(await post(closes)).toEqual({ failure: "the connection was closed before an answer" });
    const talks = await startRawServer((socket) => socket.once("data", () => socket.end("220 mail.example ESMTP\r\n")));
    expect(await post(talks)).toEqual({ failure: expect.stringMatching(/^the request failed \(HPE_/) });
    const upgrades = await startRawServer((socket) =>
      socket.once("data", () =>
        socket.end("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
      ),
    );
    expect(await post(upgrades)).toEqual({ failure: expect.any(String) });
    const nowhere = await opened(startNameServer(() => []));
    expect(await post("https://nobody.test/", { resolve: nowhere.resolve })).toEqual({
      failure: "its host has no address",
    });
  });

  it("waits no longer than it may, for a name, a connection or an answer that does not come", async () => {
    const late = { failure: "no answer within 0.2 s" };
    const silent = await opened(startReceiver(() => {}));
    expect(await post(silent.url, { timeoutMs: 200 })).toEqual(late);
    const drips = await startRawServer((socket) => {
      const timer = setInterval(() => socket.write("x"), 10);
      socket.write("HTTP/1.1 200 OK\r\nx: ");
      socket.on("close", () => clearInterval(timer));
    });
    expect(await post(drips, { timeoutMs: 200 })).toEqual(late);
    const resolve = () => new Promise<never>(() => {});
    expect(await post("https://slow.test/", { timeoutMs: 200, resolve })).toEqual(late);
  });

  it("takes the status and cuts off an answer that does not end", async () => {
    let closed = (): void => {};
    const cut = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const long = await opened(
      startReceiver((response) => {
        response.writeHead(200);
        const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
        response.on("close", closed);
        more();
      }),
    );
    expect(await post(long.url)).toEqual({ status: 200 });
    await cut;
  });

  it("stops at once when the process does", async () => {
    const stopping = new AbortController();
    const silent = await opened(startReceiver(() => stopping.abort()));
    expect(await post(silent.url, { signal: stopping.signal })).toEqual({ failure: "the server is stopping" });
    expect(await post(silent.url, { signal: stopping.signal })).toEqual({ failure: "the server is stopping" });
    expect(silent.received).toHaveLength(1);
  });
});

describe("posting to where nobody may", () => {
  const refused = { failure: "its host is not at a public address" };

  it("refuses a literal address and plain http, whatever was accepted before", async () => {
    const inside = await opened(startReceiver());
    expect(await post(inside.url, { privateHosts: [] })).toEqual({ failure: "its URL must be a URL of https://" });
    expect(await post(inside.url.replace("http:", "https:"), { privateHosts: [] })).toEqual({
      failure: "its URL must be a public address",
    });
    expect(inside.received).toEqual([]);
  });

  it.each(Object.entries(privateAddresses))("refuses a name that stands for %s", async (_range, addresses) => {
    const names = new Map(addresses.map((address, index) => [`host${index}.test`, address]));
    const { resolve, asked } = await opened(startNameServer((name) => [names.get(name)!]));
    for (const name of names.keys())
      expect([name, await post(`https://${name}/`, { resolve })]).toEqual([name, refused]);
    expect(asked.size).toBe(addresses.length);
  });

  it("refuses a name of which one of several addresses is inside", async () => {
    const { resolve } = await opened(startNameServer(() => ["8.8.8.8", "10.0.0.1"]));
    expect(await post("https://both.test/", { resolve })).toEqual(refused);
  });

  it("goes to the address that was checked: a name that changes its mind gains nothing", async () => {
    const inside = await opened(startReceiver());
    // First a public address, then, were it asked again for the connection, the one inside.
    const { resolve, asked } = await opened(
      startNameServer((_name, number) => [number === 0 ? "192.0.2.1" : "127.0.0.1"]),
    );
    const policy = createAddressPolicy([]);
    const checked: string[] = [];
    const send = createPostWebhook({
      policy: {
        ...policy,
        refusalOf: () => null,
        // 192.0.2.1 (TEST-NET-1) stands for a public address that answers nobody.
        allows: (url, address) => {
          checked.push(address);
          return address === "192.0.2.1" || policy.allows(url, address);
        },
      },
      timeoutMs: 300,
      resolve,
    });
    const request = { url: `http://rebinding.test:${inside.port}/`, headers: {}, body: "{}", signal: never };
    const first = await send(request);
    expect(first).toHaveProperty("failure");
    expect([asked.get("rebinding.test"), checked]).toEqual([1, ["192.0.2.1"]]);
    expect(await send(request)).toEqual(refused);
    expect(inside.received).toEqual([]);
  });

  it("refuses this machine by the name that the system knows it by", async () => {
    const inside: Receiver = await opened(startReceiver());
    const policy = { ...createAddressPolicy([]), refusalOf: () => null };
    const send = createPostWebhook({ policy, timeoutMs: 5000, resolve: resolveBySystem });
    const url = `http://localhost:${inside.port}/`;
    expect(await send({ url, headers: {}, body: "{}", signal: never })).toEqual(refused);
    expect(inside.received).toEqual([]);
  });

  it("waits for name servers that do not answer without keeping the system's own lookups waiting", async () => {
    const silent = createSocket("udp4");
    await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", resolve));
    closing.push(() => new Promise<void>((resolve) => silent.close(resolve)));
    const resolver = new Resolver({ timeout: 300, tries: 1 });
    resolver.setServers([`127.0.0.1:${silent.address().port}`]);
    const resolve = createNameServerResolve(() => resolver);
    const waiting = Array.from({ length: 50 }, (_, i) => post(`https://host${i}.test/`, { resolve }));
    const first = await Promise.race([...waiting, resolveBySystem("localhost").then(() => "the system's lookup")]);
    expect(first).toBe("the system's lookup");
    expect(new Set((await Promise.all(waiting)).map((outcome) => JSON.stringify(outcome)))).toEqual(
      new Set([JSON.stringify({ failure: "its host's name servers did not answer" })]),
    );
  });

  it("reaches a private name that the configuration allows, by the address that was found", async () => {
    const inside = await opened(startReceiver());
    const { resolve } = await opened(startNameServer(() => ["127.0.0.1"]));
    const url = `http://hooks.internal:${inside.port}/`;
    expect(await post(url, { privateHosts: ["*.internal"], resolve })).toEqual({ status: 204 });
    expect(inside.received[0]?.headers.host).toBe(`hooks.internal:${inside.port}`);
  });
});
