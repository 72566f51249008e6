import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { z } from "zod";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** How the receiver answers its nth request, counted from 0. Not answering leaves the sender waiting. */
export type Answer = (response: ServerResponse, number: number, request: Received) => void;

export interface Receiver {
  /** `http://127.0.0.1:port` */
  url: string;
  port: number;
  received: Received[];
  /** Resolves when so many requests have arrived in all. */
  arrived(count: number): Promise<Received[]>;
  close(): Promise<void>;
}

export const answerWith =
  (...statuses: number[]): Answer =>
  (response, number) => {
    response.writeHead(statuses[Math.min(number, statuses.length - 1)] ?? 204).end();
  };

/** A real receiver on the loopback interface: with a key and a certificate over TLS. */
export const startReceiver = async (
  answer: Answer = answerWith(204),
  { port = 0, host = "127.0.0.1", tls }: { port?: number; host?: string; tls?: { key: string; cert: string } } = {},
): Promise<Receiver> => {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const listener = async (request: import("node:http").IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const seen = { path: request.url ?? "", headers: request.headers, body };
    received.push(seen);
    answer(response, received.length - 1, seen);
    for (const look of waiting) look();
  };
  const onRequest = (request: import("node:http").IncomingMessage, response: ServerResponse): void => {
    // A sender that goes away in the middle of its request is part of some tests.
    listener(request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${address.port}`,
    port: address.port,
    received,
    arrived: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length < count) return;
          waiting.delete(look);
          resolve(received);
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const Message = z.strictObject({
  type: z.enum(["job.succeeded", "job.failed", "job.cancelled"]),
  timestamp: z.iso.datetime(),
  data: z.strictObject({
    ...{ id: z.string(), name: z.string(), state: z.string(), dataset: z.string(), model: z.string().nullable() },
    error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    metrics: z.record(z.string(), z.number()),
    attempt: z.int(),
    ...{ createdAt: z.iso.datetime(), startedAt: z.iso.datetime().nullable(), endedAt: z.iso.datetime() },
  }),
});

/** The message, if the Standard Webhooks library finds it genuine under this secret; throws else. */
export const verify = (secret: string, { headers, body }: Received) =>
  Message.parse(new Webhook(secret).verify(body, headers as Record<string, string>));
