import { createServer } from "node:http";
import { StartError } from "../../config.ts";
import { metricsContentTypes, metricsFormatOf } from "../../domain/observing/metrics-format.ts";
import { mergeMetrics } from "./merge-metrics.ts";

/** `GET /metrics` and nothing else, for a trainer. StartError when the port cannot be had. Resolves to what closes it. */
export const serveMetrics = async (
  { host, port }: { host: string; port: number },
  text: () => Promise<string>,
): Promise<() => void> => {
  const answer = async (path: string | undefined, accept: string | undefined) => {
    const format = metricsFormatOf(accept);
    const isMetrics = path?.split("?")[0] === "/metrics";
    const body = isMetrics ? mergeMetrics([await text()], format) : "there is only /metrics\n";
    return { status: isMetrics ? 200 : 404, body, type: metricsContentTypes[isMetrics ? format : "prometheus"] };
  };
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    request.resume();
    answer(request.url, request.headers.accept).then(
      ({ status, body, type }) => {
        const headers = { "cache-control": "no-store", "content-type": type };
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
