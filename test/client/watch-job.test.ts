import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { DescentError } from "../../src/client/errors.ts";
import { createTransport } from "../../src/client/transport.ts";
import { type WatchOptions, watchJob } from "../../src/client/watch-job.ts";

let close = (): void => {};
afterEach(() => close());

/** Answers the requests for a stream, one after another, as told. */
const serve = async (answers: ((response: ServerResponse) => void)[]) => {
  const heard: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    response.setHeader("content-type", "text/event-stream");
    answers[heard.length - 1]?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => void server.close();
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const seen: unknown[] = [];
  const follow = async (options?: WatchOptions) => {
    const transport = createTransport({ url: `http://127.0.0.1:${port}` });
    for await (const event of watchJob(transport, "job_1", options)) seen.push(event);
  };
  return { heard, seen, follow };
};

const message = (i: number): string => `id: ${i}-0\ndata: {"i":${i}}\n\n`;

test("the client comes back to a stream that closes without its end, from where it was", async () => {
  const { heard, seen, follow } = await serve([
    // Closed as by a service that stops, broken in the middle of a message, refused as by one that starts.
    (response) => response.end(message(1) + message(2)),
    (response) => response.write(`${message(3)}id: 4-0\nda`, () => response.destroy()),
    (response) => response.writeHead(503).end("{}"),
    (response) => response.end(`${message(4)}event: end\ndata: {}\n\n`),
  ]);
  await follow();
  expect(seen).toEqual([1, 2, 3, 4].map((i) => ({ i })));
  expect(heard.map((headers) => headers["last-event-id"])).toEqual([undefined, "2-0", "3-0", "3-0"]);
});

test("… with a token of its own each time, also where that cannot be had at once", async () => {
  const { heard, seen, follow } = await serve([
    (response) => response.end(message(1)),
    (response) => response.end(`${message(2)}event: end\ndata: {}\n\n`),
  ]);
  let asked = 0;
  const token = () => {
    if (++asked === 2) throw new DescentError("not now", { status: 502, code: "unavailable" });
    return `dst_${asked}`;
  };
  await follow({ token });
  expect(seen).toEqual([1, 2].map((i) => ({ i })));
  expect(heard.map(({ authorization }) => authorization)).toEqual(["Token dst_1", "Token dst_3"]);
  const gone = () => Promise.reject(new DescentError("the job is gone", { status: 404, code: "not_found" }));
  await expect(follow({ token: gone })).rejects.toThrow("the job is gone");
});

test("… and does not where there is nothing more, or it is refused for good", async () => {
  const { heard, follow } = await serve([
    (response) => response.end(message(1)),
    (response) => response.writeHead(204).end(),
    (response) => response.writeHead(404).end('{"detail":"there is no such job"}'),
  ]);
  await follow();
  await expect(follow()).rejects.toThrow("there is no such job");
  expect(heard).toHaveLength(3);
});
