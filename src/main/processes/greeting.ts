import { existsSync } from "node:fs";
import type { Config } from "../../config.ts";
import { tlsForClients } from "../tls.ts";

/** How a client on this machine reaches the service. */
const reach = async (config: Config): Promise<{ scheme: string; host: string; trust: string | null }> => {
  const host =
    config.host === "0.0.0.0" ? "127.0.0.1" : config.host === "::" || config.host === "::1" ? "[::1]" : config.host;
  if (config.tls === null) return { scheme: "http", host, trust: null };
  return { scheme: "https", ...(await tlsForClients(config.tls.cert, host)) };
};

/** dist/src/main/processes → the data beside the tests, which a release does not have. */
const irisFile = new URL("../../../../test/data/iris.csv", import.meta.url);

/** Where everything listens, and what to do next: every line can be copied into a shell. */
export const greeting = async (
  config: Config,
  listening: { rest: number; grpc: number },
  privateRedis: boolean,
): Promise<string> => {
  const { scheme, host, trust } = await reach(config);
  const url = `${scheme}://${host}:${listening.rest}`;
  const curl = `curl -s${trust === null ? "" : ` --cacert ${trust}`}${
    config.apiKeysFile === null ? "" : ` -H "authorization: Bearer $DESCENT_API_KEY"`
  }`;
  const trusting = trust === null ? "" : `NODE_EXTRA_CA_CERTS=${trust} `;
  const demoUrl = scheme === "http" && listening.rest === 8080 ? "" : `${trusting}DESCENT_URL=${url} `;
  const examples = existsSync(irisFile)
    ? `Try it in another terminal, from the project's folder:

  DATASET=$(${curl} -H 'content-type: text/csv' --data-binary @test/data/iris.csv '${url}/v1/datasets?name=iris' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
  ${curl} -H 'content-type: application/json' -d '{"dataset":"'$DATASET'","task":{"type":"classification","label":"species"}}' ${url}/v1/jobs

or all of it, with a progress bar and predictions:

  ${demoUrl}npm run demo`
    : `Try it in another terminal, from this folder, with a table of your own and the column to predict:

  ${demoUrl}npx descent train table.csv --label COLUMN`;
  const grpcNote =
    config.tls === null ? "" : config.tls.clientCa === null ? "   (TLS)" : "   (TLS, with client certificates)";
  return `
Descent is ready.

  dashboard  ${url}/
  REST       ${url}/v1   (docs ${url}/docs)
  gRPC       ${host}:${listening.grpc}${grpcNote}
  data       ${config.dataDir}
  Redis      ${privateRedis ? "private, in the data folder" : "as REDIS_URL says"}
  trainers   ${config.workers}

${examples}

Ctrl-C stops everything.
`;
};
