import { createServer } from "node:http";
import { StartError } from "../../config.ts";

/** `GET /metrics` and nothing else, for a trainer. StartError when the port cannot be had. Resolves to what closes it. */
export const serveMetrics = async (
  { host, port }: { host: string; port: number },
  text: () => Promise<string>,
): Promise<() => void> => {
  const answer = async (path: string | undefined): Promise<{ status: number; body: string }> => {
    if (path?.split("?")[0] !== "/metrics") return { status: 404, body: "there is only /metrics\n" };
    return { status: 200, body: await text() };
  };
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    request.resume();
    answer(request.url).then(
      ({ status, body }) => {
        const headers = { "cache-control": "no-store", "content-type": "text/plain; version=0.0.4; charset=utf-8" };
        response.writeHead(status, { ...headers, "x-content-type-options": "nosniff" }).end(body);
      },
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "the port is in use; choose another" : error.message;
      reject(new StartError(`TRAINER_METRICS_PORT=${port}: ${reason}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
  };
};
